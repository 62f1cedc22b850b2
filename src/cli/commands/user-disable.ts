/** `parley user disable`: shuts a user out, without removing the account. */
import type { Command } from 'commander'
import { withAccounts } from '../accounts-access.ts'
import { type CliContext, print } from '../context.ts'
import { examplesText } from '../help.ts'
import { addSettingsOptions, requireSettings, type SettingsOptions } from '../settings-options.ts'
import { userArgument } from '../user-argument.ts'

/** Describes the command and binds it to its world. */
export function addUserDisable(parent: Command, context: CliContext): void {
  const command = parent
    .command('disable')
    .summary('shut a user out')
    .description('Shuts a user out: sessions end, and logins are refused until the account is enabled again.')
    .argument('<name>', 'the user', userArgument)
  addSettingsOptions(command, ['dataDir'])
    .addHelpText(
      'after',
      examplesText([['parley user disable mallory', 'shut mallory out, until: parley user enable mallory']]),
    )
    .action((name: string, options: SettingsOptions) => userDisable(context, name, options))
}

async function userDisable(context: CliContext, userId: string, options: SettingsOptions): Promise<void> {
  const { settings } = requireSettings(context, options)
  await withAccounts(settings.dataDir, (accounts) => accounts.call('setDisabled', { userId, disabled: true }))
  print(context, `Disabled ${userId}.`)
}
