/** `parley user`: the commands for accounts. */
import type { Command } from 'commander'
import type { CliContext } from '../context.ts'
import { addUserAdd } from './user-add.ts'
import { addUserDisable } from './user-disable.ts'
import { addUserEnable } from './user-enable.ts'
import { addUserImport } from './user-import.ts'
import { addUserList } from './user-list.ts'
import { addUserPasswd } from './user-passwd.ts'
import { addUserPolicy } from './user-policy.ts'
import { addUserRemove } from './user-remove.ts'
import { addUserRole } from './user-role.ts'

/** Describes the commands and binds them to their world. */
export function addUser(parent: Command, context: CliContext): void {
  const command = parent
    .command('user')
    .summary('make and change accounts')
    .description(
      'Makes and changes accounts. Works whether the server runs or not; a running server is told, and changes take effect at once.',
    )
  addUserAdd(command, context)
  addUserPasswd(command, context)
  addUserRole(command, context)
  addUserPolicy(command, context)
  addUserDisable(command, context)
  addUserEnable(command, context)
  addUserRemove(command, context)
  addUserList(command, context)
  addUserImport(command, context)
}
