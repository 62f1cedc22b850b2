/** `parley config print`: shows the resolved settings and where each came from. */
import type { Command } from 'commander'
import { settingsShape } from '../../config/settings.ts'
import { printedSettings } from '../../config/settings-docs.ts'
import { type CliContext, print } from '../context.ts'
import { examplesText } from '../help.ts'
import { addSettingsOptions, noteWarnings, requireSettings, type SettingsOptions } from '../settings-options.ts'
import { formatTable } from '../table.ts'

interface ConfigPrintOptions extends SettingsOptions {
  readonly json?: boolean
}

/** Describes the command and binds it to its world. */
export function addConfigPrint(parent: Command, context: CliContext): void {
  const command = parent
    .command('print')
    .summary('show all settings and where each came from')
    .description('Shows all settings and where each came from. Secrets are not shown.')
    .option('--json', 'as one JSON object')
  addSettingsOptions(command, ['host', 'port', 'wsPort', 'dataDir', 'logLevel'])
    .addHelpText(
      'after',
      examplesText([
        ['parley config print', 'a table'],
        ['parley config print --json | jq -r .PARLEY_PORT.value', 'one value'],
      ]),
    )
    .action((options: ConfigPrintOptions) => configPrint(context, options))
}

function configPrint(context: CliContext, options: ConfigPrintOptions): void {
  const { settings, sources, warnings } = requireSettings(context, options)
  noteWarnings(context, warnings)
  const printed = printedSettings(settingsShape, settings, sources)
  if (options.json) {
    const byName = Object.fromEntries(printed.map(({ variable, value, source }) => [variable, { value, source }]))
    print(context, JSON.stringify(byName, undefined, 2))
    return
  }
  const rows = printed.map(({ variable, value, source }) => [variable, value === '' ? '(empty)' : value, source])
  for (const line of formatTable(['SETTING', 'VALUE', 'FROM'], rows)) print(context, line)
}
