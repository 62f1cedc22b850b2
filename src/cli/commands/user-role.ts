/** `parley user role`: changes what a user may do. */
import { Argument, type Command } from 'commander'
import type { Role } from '../../mailbox/store-messages.ts'
import { withAccounts } from '../accounts-access.ts'
import { type CliContext, print } from '../context.ts'
import { examplesText } from '../help.ts'
import { addSettingsOptions, requireSettings, type SettingsOptions } from '../settings-options.ts'
import { userArgument } from '../user-argument.ts'

/** Describes the command and binds it to its world. */
export function addUserRole(parent: Command, context: CliContext): void {
  const command = parent
    .command('role')
    .summary('change what a user may do')
    .description('Changes what a user may do. Sessions that the user has end, and begin again with the new role.')
    .argument('<name>', 'the user', userArgument)
    .addArgument(new Argument('<role>', 'operators may broadcast, kick and ban').choices(['user', 'operator']))
  addSettingsOptions(command, ['dataDir'])
    .addHelpText('after', examplesText([['parley user role alice operator', 'let alice kick and broadcast']]))
    .action((name: string, role: Role, options: SettingsOptions) => userRole(context, { userId: name, role }, options))
}

async function userRole(
  context: CliContext,
  change: { userId: string; role: Role },
  options: SettingsOptions,
): Promise<void> {
  const { settings } = requireSettings(context, options)
  await withAccounts(settings.dataDir, (accounts) => accounts.call('setRole', change))
  print(context, `${change.userId} is now ${change.role === 'operator' ? 'an operator' : 'a user'}.`)
}
