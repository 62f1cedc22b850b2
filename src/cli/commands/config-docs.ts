/** `parley config docs`: explains all settings. */
import type { Command } from 'commander'
import { settingsMarkdown } from '../../config/settings-docs.ts'
import type { CliContext } from '../context.ts'
import { examplesText } from '../help.ts'

/** Describes the command and binds it to its world. */
export function addConfigDocs(parent: Command, context: CliContext): void {
  parent
    .command('docs')
    .summary('explain all settings')
    .description('Explains all settings: a Markdown table, the same on every machine.')
    .addHelpText('after', examplesText([['parley config docs > settings.md', 'keep the table in a file']]))
    .action(() => configDocs(context))
}

function configDocs(context: CliContext): void {
  context.stdout.write(settingsMarkdown())
}
