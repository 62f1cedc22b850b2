/** `parley user remove`: removes an account for good. */
import type { Command } from 'commander'
import { withAccounts } from '../accounts-access.ts'
import { type CliContext, print } from '../context.ts'
import { examplesText } from '../help.ts'
import { addSettingsOptions, requireSettings, type SettingsOptions } from '../settings-options.ts'
import { userArgument } from '../user-argument.ts'

/** Describes the command and binds it to its world. */
export function addUserRemove(parent: Command, context: CliContext): void {
  const command = parent
    .command('remove')
    .summary('remove an account for good')
    .description(
      'Removes an account for good; its sessions end. To shut a user out for a time, disable the account instead.',
    )
    .argument('<name>', 'the user', userArgument)
  addSettingsOptions(command, ['dataDir'])
    .addHelpText('after', examplesText([['parley user remove alice', 'remove the account of alice']]))
    .action((name: string, options: SettingsOptions) => userRemove(context, name, options))
}

async function userRemove(context: CliContext, userId: string, options: SettingsOptions): Promise<void> {
  const { settings } = requireSettings(context, options)
  await withAccounts(settings.dataDir, (accounts) => accounts.call('removeAccount', { userId }))
  print(context, `Removed ${userId}.`)
}
