/** `parley keys`: the commands for the server's own keys, and for those of users. */
import type { Command } from 'commander'
import type { CliContext } from '../context.ts'
import { addKeysApprove } from './keys-approve.ts'
import { addKeysExport } from './keys-export.ts'
import { addKeysList } from './keys-list.ts'
import { addKeysPending } from './keys-pending.ts'
import { addKeysRevoke } from './keys-revoke.ts'
import { addKeysRotate } from './keys-rotate.ts'
import { addKeysShow } from './keys-show.ts'

/** Describes the commands and binds them to their world. */
export function addKeys(parent: Command, context: CliContext): void {
  const command = parent
    .command('keys')
    .summary("the server's keys, and those of users")
    .description(
      "Shows and renews the keys by which clients know the server, and decides on the keys of users' devices.",
    )
  addKeysShow(command, context)
  addKeysExport(command, context)
  addKeysRotate(command, context)
  addKeysList(command, context)
  addKeysPending(command, context)
  addKeysApprove(command, context)
  addKeysRevoke(command, context)
}
