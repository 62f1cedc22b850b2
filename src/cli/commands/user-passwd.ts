/** `parley user passwd`: sets a new password. */
import type { Command } from 'commander'
import { hashPassword } from '../../workers/password.ts'
import { withAccounts } from '../accounts-access.ts'
import { type CliContext, print } from '../context.ts'
import { examplesText } from '../help.ts'
import { addPasswordOption, newPassword, type PasswordOptions } from '../password-source.ts'
import { addSettingsOptions, requireSettings, type SettingsOptions } from '../settings-options.ts'
import { userArgument } from '../user-argument.ts'

interface UserPasswdOptions extends SettingsOptions, PasswordOptions {}

/** Describes the command and binds it to its world. */
export function addUserPasswd(parent: Command, context: CliContext): void {
  const command = parent
    .command('passwd')
    .summary("set a user's password")
    .description("Sets a user's password. Sessions and tokens that the user has end.")
    .argument('<name>', 'the user', userArgument)
  addPasswordOption(command)
  addSettingsOptions(command, ['dataDir'])
    .addHelpText(
      'after',
      examplesText([
        ['parley user passwd alice', 'ask for the new password'],
        ['pass show parley/alice | parley user passwd alice --password-stdin', 'take it from another program'],
      ]),
    )
    .action((name: string, options: UserPasswdOptions) => userPasswd(context, name, options))
}

async function userPasswd(context: CliContext, userId: string, options: UserPasswdOptions): Promise<void> {
  const { settings } = requireSettings(context, options)
  const password = await newPassword(context, options, userId)
  const passwordHash = hashPassword(password, { memoryKib: settings.argon2MemoryKib, passes: settings.argon2Passes })
  await withAccounts(settings.dataDir, (accounts) => accounts.call('setPasswordHash', { userId, passwordHash }))
  print(context, `Changed the password of ${userId}.`)
}
