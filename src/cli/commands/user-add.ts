/** `parley user add`: makes an account. */
import { type Command, Option } from 'commander'
import type { Role } from '../../mailbox/store-messages.ts'
import { hashPassword } from '../../workers/password.ts'
import { withAccounts } from '../accounts-access.ts'
import { type CliContext, print } from '../context.ts'
import { examplesText } from '../help.ts'
import { addPasswordOption, newPassword, type PasswordOptions } from '../password-source.ts'
import { addSettingsOptions, requireSettings, type SettingsOptions } from '../settings-options.ts'
import { userArgument } from '../user-argument.ts'

interface UserAddOptions extends SettingsOptions, PasswordOptions {
  readonly role: Role
}

/** Describes the command and binds it to its world. */
export function addUserAdd(parent: Command, context: CliContext): void {
  const command = parent
    .command('add')
    .summary('make an account')
    .description(
      'Makes an account. The password is asked for twice, or read from the standard input; it is never an argument.',
    )
    .argument('<name>', 'the new user', userArgument)
    .addOption(new Option('--role <role>', 'what the user may do').choices(['user', 'operator']).default('user'))
  addPasswordOption(command)
  addSettingsOptions(command, ['dataDir'])
    .addHelpText(
      'after',
      examplesText([
        ['parley user add alice', 'ask for the password'],
        ['parley user add bob --password-stdin < bob.txt', 'take the password from a file'],
        ['parley user add ops --role operator', 'someone who may kick and broadcast'],
      ]),
    )
    .action((name: string, options: UserAddOptions) => userAdd(context, name, options))
}

async function userAdd(context: CliContext, userId: string, options: UserAddOptions): Promise<void> {
  const { settings } = requireSettings(context, options)
  const password = await newPassword(context, options, userId)
  const passwordHash = hashPassword(password, { memoryKib: settings.argon2MemoryKib, passes: settings.argon2Passes })
  await withAccounts(settings.dataDir, (accounts) =>
    accounts.call('addAccount', { userId, passwordHash, role: options.role }),
  )
  print(context, `Added ${userId} (${options.role}).`)
}
