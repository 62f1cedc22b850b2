/** `parley keys list`: shows the keys of a user. */
import type { Command } from 'commander'
import type { DeviceKey } from '../../mailbox/store-messages.ts'
import { withAccounts } from '../accounts-access.ts'
import { neutraliseLine } from '../chat/neutralise.ts'
import { type CliContext, print } from '../context.ts'
import { examplesText } from '../help.ts'
import { addSettingsOptions, requireSettings, type SettingsOptions } from '../settings-options.ts'
import { formatTable } from '../table.ts'
import { userArgument } from '../user-argument.ts'

interface KeysListOptions extends SettingsOptions {
  readonly json?: boolean
}

/** Describes the command and binds it to its world. */
export function addKeysList(parent: Command, context: CliContext): void {
  const command = parent
    .command('list')
    .summary('show the keys of a user')
    .description('Shows the keys of a user, also those that were revoked, in the order in which they were enrolled.')
    .argument('<user>', 'the user', userArgument)
    .option('--json', 'one JSON object a line')
  addSettingsOptions(command, ['dataDir'])
    .addHelpText('after', examplesText([['parley keys list alice', 'the keys of alice']]))
    .action((user: string, options: KeysListOptions) => keysList(context, user, options))
}

async function keysList(context: CliContext, userId: string, options: KeysListOptions): Promise<void> {
  const { settings } = requireSettings(context, options)
  const keys = await withAccounts(settings.dataDir, (accounts) => accounts.call('listKeys', { userId }))
  if (options.json) {
    for (const key of keys) print(context, JSON.stringify(jsonOf(key)))
    return
  }
  const rows = keys.map((key) => [
    key.thumbprint,
    neutraliseLine(key.deviceId),
    key.revokedAt === undefined ? 'enrolled' : `revoked ${dayOf(key.revokedAt)}`,
    dayOf(key.enrolledAt),
    key.approvedBy,
  ])
  for (const line of formatTable(['KEY', 'DEVICE', 'STATE', 'SINCE', 'APPROVED BY'], rows)) print(context, line)
}

function jsonOf(key: DeviceKey): object {
  return {
    Thumbprint: key.thumbprint,
    DeviceId: key.deviceId,
    Key: key.key,
    EnrolledAt: new Date(key.enrolledAt).toISOString(),
    ApprovedBy: key.approvedBy,
    ...(key.revokedAt === undefined ? {} : { RevokedAt: new Date(key.revokedAt).toISOString() }),
  }
}

function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10)
}
