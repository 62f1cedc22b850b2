/** `parley user import`: makes many accounts from a file of JSON lines. */
import { createReadStream } from 'node:fs'
import { availableParallelism } from 'node:os'
import type { Command } from 'commander'
import { limits } from '../../config/limits.ts'
import type { NewAccount } from '../../mailbox/store-messages.ts'
import { hashPasswordInBackground, type PasswordCost } from '../../workers/password.ts'
import { type AccountsAccess, withAccounts } from '../accounts-access.ts'
import { CliError, ExitCode } from '../cli-error.ts'
import { type CliContext, note, print } from '../context.ts'
import { examplesText } from '../help.ts'
import { type ImportedAccount, readImport } from '../import-lines.ts'
import { addSettingsOptions, requireSettings, type SettingsOptions } from '../settings-options.ts'
import { readText } from '../stdin-text.ts'

/** The threads that libuv has for such work when nobody changed it. */
const backgroundThreads = 4
/** How many names are shown of accounts that existed. */
const existingShown = 20

/** Describes the command and binds it to its world. */
export function addUserImport(parent: Command, context: CliContext): void {
  const command = parent
    .command('import')
    .summary('make many accounts from a file')
    .description(
      'Makes many accounts from JSON lines, one object each: UserId, Password or PasswordHash (argon2id in PHC form), and Role if it is not "user". Nothing is imported when a line is wrong. Accounts that exist are left as they are. Keep files with passwords private, and remove them afterwards.',
    )
    .argument('<file>', 'the file, or - for the standard input')
  addSettingsOptions(command, ['dataDir'])
    .addHelpText(
      'after',
      examplesText([
        ['parley user import users.jsonl', 'make the accounts of a file'],
        [`echo '{"UserId":"alice","Password":"correct horse","Role":"operator"}' | parley user import -`, 'make one'],
      ]),
    )
    .action((file: string, options: SettingsOptions) => userImport(context, file, options))
}

async function userImport(context: CliContext, file: string, options: SettingsOptions): Promise<void> {
  const { settings } = requireSettings(context, options)
  const read = readImport(await importText(context, file))
  if (read.faults.length > 0) throw new CliError(ExitCode.failed, faultsText(read.faults))
  if (read.accounts.length === 0) throw new CliError(ExitCode.failed, 'There is no account in it.')
  const cost = { memoryKib: settings.argon2MemoryKib, passes: settings.argon2Passes }
  const accounts = await hashAll(context, read.accounts, cost)
  const { added, existing } = await withAccounts(settings.dataDir, (access) => importAll(access, accounts))
  print(context, `Added ${added} of ${accounts.length} accounts.`)
  if (existing.length > 0) note(context, existingText(existing))
}

async function importText(context: CliContext, file: string): Promise<string> {
  const bytesMax = limits.importBytesMax.value
  if (file === '-') return readText(context.stdin, { bytesMax, source: 'the standard input' })
  try {
    return await readText(createReadStream(file), { bytesMax, source: file })
  } catch (error) {
    if (error instanceof CliError) throw error
    throw new CliError(
      ExitCode.usage,
      `${file} can't be read: ${error instanceof Error ? error.message : error}`,
      error,
    )
  }
}

/** Hashes the passwords, as many at once as there are cores. */
async function hashAll(
  context: CliContext,
  imported: readonly ImportedAccount[],
  cost: PasswordCost,
): Promise<NewAccount[]> {
  const accounts: NewAccount[] = []
  const todo = imported.entries()
  let done = 0
  const work = async (): Promise<void> => {
    for (const [index, { userId, role, secret }] of todo) {
      const passwordHash = secret.kind === 'hash' ? secret.text : await hashPasswordInBackground(secret.text, cost)
      accounts[index] = { userId, role, passwordHash }
      done++
      if (context.stderr.isTTY && done % 100 === 0) context.stderr.write(`\r${done} of ${imported.length} prepared`)
    }
  }
  await Promise.all(Array.from({ length: Math.min(backgroundThreads, availableParallelism()) }, work))
  if (context.stderr.isTTY && imported.length >= 100) context.stderr.write('\r\x1b[K')
  return accounts
}

/** Straight into the file all go at once; a running server gets them in parts, so that its logins need not wait. */
async function importAll(
  access: AccountsAccess,
  accounts: readonly NewAccount[],
): Promise<{ added: number; existing: string[] }> {
  const size = access.via === 'file' ? accounts.length : limits.importBatchAccounts.value
  const existing: string[] = []
  let added = 0
  for (let start = 0; start < accounts.length; start += size) {
    const part = await access.call('importAccounts', { accounts: accounts.slice(start, start + size) })
    added += part.added
    existing.push(...part.existing)
  }
  return { added, existing }
}

function faultsText(faults: readonly string[]): string {
  const shown = faults.slice(0, limits.importFaultsShown.value)
  const more = faults.length > shown.length ? [`… and ${faults.length - shown.length} more`] : []
  return ['Nothing was imported:', ...[...shown, ...more].map((line) => `  ${line}`)].join('\n')
}

function existingText(existing: readonly string[]): string {
  const more = existing.length > existingShown ? `, … and ${existing.length - existingShown} more` : ''
  return `Left as they were, because they existed: ${existing.slice(0, existingShown).join(', ')}${more}`
}
