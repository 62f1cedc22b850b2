/** The options of commands that stand for settings, and the loading of settings with them. */
import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { type LoadedSettings, loadSettings, type RefusedSettings } from '../config/load-settings.ts'
import { settingPrefix, variableOf } from '../config/setting-names.ts'
import { type SettingName, settingsShape } from '../config/settings.ts'
import { CliError, ExitCode } from './cli-error.ts'
import { type CliContext, note } from './context.ts'

/** The options, as commander gives them: settings by property name, and these. */
export interface SettingsOptions {
  readonly envFile?: string
  readonly set?: readonly string[]
  readonly [setting: string]: unknown
}

/** The settings that have an option of their own, with the word for the value. */
const optionNames = {
  host: '<address>',
  port: '<port>',
  wsPort: '<port>',
  dataDir: '<folder>',
  logLevel: '<level>',
} as const satisfies Partial<Record<SettingName, string>>

/** A setting with an option of its own. */
export type OptionSetting = keyof typeof optionNames

/** Adds the options of some settings, `--set` and `--env-file` to a command. */
export function addSettingsOptions(command: Command, settings: readonly OptionSetting[]): Command {
  for (const name of settings) {
    const flag = variableOf(name).slice(settingPrefix.length).toLowerCase().replaceAll('_', '-')
    const about = settingsShape[name].meta.about.replaceAll('`', '')
    command.option(`--${flag} ${optionNames[name]}`, `${about} (${variableOf(name)})`)
  }
  return command
    .addOption(
      new Option('--set <NAME=value>', 'set any setting, with or without PARLEY_ in front; may be repeated').argParser(
        (text: string, before: readonly string[] | undefined) => [...(before ?? []), text],
      ),
    )
    .option('--env-file <file>', 'read settings from this file instead of .env')
}

/** Finds all settings for a command, whatever is wrong with them. */
export function findSettings(context: CliContext, options: SettingsOptions): LoadedSettings | RefusedSettings {
  return loadSettings({
    flags: flagsOf(options),
    env: context.env,
    envFile: { path: resolve(options.envFile ?? '.env'), required: options.envFile !== undefined },
  })
}

/**
 * Finds all settings for a command, and shows the warnings.
 *
 * @throws CliError with all problems at once
 */
export function requireSettings(context: CliContext, options: SettingsOptions): LoadedSettings {
  const found = findSettings(context, options)
  if (found.kind === 'refused') throw new CliError(ExitCode.usage, problemsText(found))
  return found
}

/** All that is wrong with settings, as one text. */
export function problemsText(refused: RefusedSettings): string {
  const { problems, warnings } = refused
  const count = problems.length === 1 ? 'a setting is wrong' : `${problems.length} settings are wrong`
  const lines = [...problems, ...warnings.map((warning) => `warning: ${warning}`)].map((line) => `  ${line}`)
  return `${count}:\n${lines.join('\n')}\nAll settings are explained by: parley config docs`
}

/** Shows warnings beside the result. */
export function noteWarnings(context: CliContext, warnings: readonly string[]): void {
  for (const warning of warnings) note(context, `parley: warning: ${warning}`)
}

function flagsOf(options: SettingsOptions): Record<string, string> {
  const flags: Record<string, string> = {}
  for (const assignment of options.set ?? []) {
    const equals = assignment.indexOf('=')
    if (equals < 1) throw new CliError(ExitCode.usage, `--set takes NAME=value, not "${assignment}"`)
    const name = assignment.slice(0, equals).trim().toUpperCase()
    flags[name.startsWith(settingPrefix) ? name : settingPrefix + name] = assignment.slice(equals + 1)
  }
  for (const name of Object.keys(optionNames)) {
    const value = options[name]
    if (typeof value === 'string') flags[variableOf(name)] = value
  }
  if (options['insecure'] === true) flags[variableOf('insecure')] = 'on'
  return flags
}
