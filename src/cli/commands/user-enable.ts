/** `parley user enable`: lets a user in again. */
import type { Command } from 'commander'
import { withAccounts } from '../accounts-access.ts'
import { type CliContext, print } from '../context.ts'
import { examplesText } from '../help.ts'
import { addSettingsOptions, requireSettings, type SettingsOptions } from '../settings-options.ts'
import { userArgument } from '../user-argument.ts'

/** Describes the command and binds it to its world. */
export function addUserEnable(parent: Command, context: CliContext): void {
  const command = parent
    .command('enable')
    .summary('let a user in again')
    .description('Lets a user in again: undoes disabling, and ends a ban.')
    .argument('<name>', 'the user', userArgument)
  addSettingsOptions(command, ['dataDir'])
    .addHelpText('after', examplesText([['parley user enable alice', 'let alice log in again']]))
    .action((name: string, options: SettingsOptions) => userEnable(context, name, options))
}

async function userEnable(context: CliContext, userId: string, options: SettingsOptions): Promise<void> {
  const { settings } = requireSettings(context, options)
  await withAccounts(settings.dataDir, async (accounts) => {
    const { bannedUntil } = await accounts.call('setDisabled', { userId, disabled: false })
    if (bannedUntil > 0) await accounts.call('setBan', { userId, bannedUntil: 0 })
  })
  print(context, `Enabled ${userId}.`)
}
