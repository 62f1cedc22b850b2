/** `parley config check`: says whether a server would start with these settings. */
import type { Command } from 'commander'
import { type CliContext, print } from '../context.ts'
import { examplesText } from '../help.ts'
import { addSettingsOptions, noteWarnings, requireSettings, type SettingsOptions } from '../settings-options.ts'

/** Describes the command and binds it to its world. */
export function addConfigCheck(parent: Command, context: CliContext): void {
  const command = parent
    .command('check')
    .summary('say whether the settings are right')
    .description('Says whether the settings are right, with all faults at once (exit code 2).')
  addSettingsOptions(command, ['host', 'port', 'wsPort', 'dataDir', 'logLevel'])
    .addHelpText(
      'after',
      examplesText([
        ['parley config check', 'check the environment and the .env file'],
        ['parley config check --env-file production.env', 'check another file'],
      ]),
    )
    .action((options: SettingsOptions) => configCheck(context, options))
}

function configCheck(context: CliContext, options: SettingsOptions): void {
  const { sources, warnings } = requireSettings(context, options)
  noteWarnings(context, warnings)
  const all = Object.values(sources)
  const given = all.filter((source) => source !== 'default').length
  print(context, `The settings are right: ${given} given, ${all.length - given} at their defaults.`)
}
