/** `parley user list`: shows the accounts. */
import type { Command } from 'commander'
import type { AccountSummary } from '../../mailbox/store-messages.ts'
import { userListLimitMax } from '../../protocol/entities/user-list.ts'
import { type AccountsAccess, withAccounts } from '../accounts-access.ts'
import { type CliContext, print } from '../context.ts'
import { examplesText } from '../help.ts'
import { addSettingsOptions, requireSettings, type SettingsOptions } from '../settings-options.ts'
import { formatTable } from '../table.ts'

interface UserListOptions extends SettingsOptions {
  readonly prefix?: string
  readonly json?: boolean
}

/** Describes the command and binds it to its world. */
export function addUserList(parent: Command, context: CliContext): void {
  const command = parent
    .command('list')
    .summary('show the accounts')
    .description('Shows the accounts, in the order of their names.')
    .option('--prefix <text>', 'only names that begin so')
    .option('--json', 'one JSON object a line')
  addSettingsOptions(command, ['dataDir'])
    .addHelpText(
      'after',
      examplesText([
        ['parley user list', 'all accounts'],
        ["parley user list --json | jq -r 'select(.Disabled) | .UserId'", 'the names of those who are shut out'],
      ]),
    )
    .action((options: UserListOptions) => userList(context, options))
}

async function userList(context: CliContext, options: UserListOptions): Promise<void> {
  const { settings } = requireSettings(context, options)
  const accounts = await withAccounts(settings.dataDir, (access) => allAccounts(access, options.prefix))
  const now = Date.now()
  if (options.json) {
    for (const account of accounts) print(context, JSON.stringify(jsonOf(account, now)))
    return
  }
  const rows = accounts.map((account) => [
    account.userId,
    account.role,
    stateOf(account, now),
    new Date(account.createdAt).toISOString().slice(0, 10),
  ])
  for (const line of formatTable(['NAME', 'ROLE', 'STATE', 'SINCE'], rows)) print(context, line)
}

async function allAccounts(access: AccountsAccess, prefix: string | undefined): Promise<AccountSummary[]> {
  const accounts: AccountSummary[] = []
  for (;;) {
    const after = accounts.at(-1)?.userId
    const page = await access.call('listAccounts', {
      limit: userListLimitMax,
      ...(prefix === undefined ? {} : { prefix }),
      ...(after === undefined ? {} : { after }),
    })
    accounts.push(...page.accounts)
    if (page.accounts.length < userListLimitMax) return accounts
  }
}

/** Spelled as in `parley user import`. */
function jsonOf(account: AccountSummary, now: number): object {
  return {
    UserId: account.userId,
    Role: account.role,
    Disabled: account.disabled,
    ...(account.bannedUntil > now ? { BannedUntil: new Date(account.bannedUntil).toISOString() } : {}),
    CreatedAt: new Date(account.createdAt).toISOString(),
  }
}

function stateOf(account: AccountSummary, now: number): string {
  if (account.disabled) return 'disabled'
  return account.bannedUntil > now ? `banned until ${new Date(account.bannedUntil).toISOString()}` : 'active'
}
