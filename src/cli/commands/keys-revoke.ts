/** `parley keys revoke`: takes keys from a user for good. */
import type { Command } from 'commander'
import type { DeviceKey } from '../../mailbox/store-messages.ts'
import { type AccountsAccess, withAccounts } from '../accounts-access.ts'
import { CliError, ExitCode } from '../cli-error.ts'
import { type CliContext, note, print } from '../context.ts'
import { fingerprintArgument } from '../fingerprint-argument.ts'
import { examplesText } from '../help.ts'
import { addSettingsOptions, requireSettings, type SettingsOptions } from '../settings-options.ts'
import { userArgument } from '../user-argument.ts'

interface KeysRevokeOptions extends SettingsOptions {
  readonly reset?: boolean
}

/** Describes the command and binds it to its world. */
export function addKeysRevoke(parent: Command, context: CliContext): void {
  const command = parent
    .command('revoke')
    .summary('take a key, or all keys, from a user')
    .description(
      'Revokes a key of a user, or all of them: its sessions end, tokens and tickets from it count no more, and it never comes back.',
    )
    .argument('<user>', 'the user', userArgument)
    .argument('[key]', 'the fingerprint of the key; without it all keys', fingerprintArgument)
    .option('--reset', 'all keys, and let the next key of the user be enrolled without an approval')
  addSettingsOptions(command, ['dataDir'])
    .addHelpText(
      'after',
      examplesText([
        ['parley keys revoke alice', 'all keys of alice; the next one needs: parley keys approve'],
        ['parley keys revoke alice --reset', 'alice has lost all devices and begins anew'],
      ]),
    )
    .action((user: string, key: string | undefined, options: KeysRevokeOptions) =>
      keysRevoke(context, user, key, options),
    )
}

async function keysRevoke(
  context: CliContext,
  userId: string,
  thumbprint: string | undefined,
  options: KeysRevokeOptions,
): Promise<void> {
  const { settings } = requireSettings(context, options)
  if (thumbprint !== undefined && options.reset === true) {
    throw new CliError(ExitCode.usage, '--reset is for all keys of a user: name no key with it')
  }
  const revoked = await withAccounts(settings.dataDir, (accounts) => {
    if (options.reset === true) return accounts.call('resetKeys', { userId })
    return thumbprint === undefined ? revokeAll(accounts, userId) : revokeOne(accounts, userId, thumbprint)
  })
  for (const key of revoked) print(context, `Revoked ${key.thumbprint} of ${userId}.`)
  if (revoked.length === 0) note(context, `${userId} has no enrolled key.`)
  if (options.reset === true) note(context, `The next key of ${userId} is enrolled without an approval.`)
}

async function revokeOne(accounts: AccountsAccess, userId: string, thumbprint: string): Promise<DeviceKey[]> {
  return [await accounts.call('revokeKey', { userId, thumbprint, by: 'operator' })]
}

async function revokeAll(accounts: AccountsAccess, userId: string): Promise<DeviceKey[]> {
  const keys = await accounts.call('listKeys', { userId })
  const revoked: DeviceKey[] = []
  for (const { thumbprint, revokedAt } of keys) {
    if (revokedAt === undefined) revoked.push(...(await revokeOne(accounts, userId, thumbprint)))
  }
  return revoked
}
