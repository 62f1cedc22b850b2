/** `parley verify`: looks whether everything that is stored is still what was written. */
import { join } from 'node:path'
import type { Command } from 'commander'
import type { Verification } from '../../store/verify.ts'
import { ExitCode } from '../cli-error.ts'
import { type CliContext, print } from '../context.ts'
import { examplesText } from '../help.ts'
import { addSettingsOptions, requireSettings, type SettingsOptions } from '../settings-options.ts'

/** Describes the command and binds it to its world. */
export function addVerify(parent: Command, context: CliContext): void {
  const command = parent
    .command('verify')
    .summary('look for damage in what is stored')
    .description(
      'Reads the whole database, or a backup, and compares it with its checksums and counts. Changes nothing; a running server goes on. Exit code 1 when something is damaged.',
    )
    .argument('[file]', 'a backup; the database of the data directory where none is given')
  addSettingsOptions(command, ['dataDir'])
    .addHelpText(
      'after',
      examplesText([
        ['parley verify', 'what the server uses'],
        ['parley verify parley-monday.db', 'a backup'],
      ]),
    )
    .action((file: string | undefined, options: SettingsOptions) => verify(context, file, options))
}

async function verify(context: CliContext, file: string | undefined, options: SettingsOptions): Promise<void> {
  const { settings } = requireSettings(context, options)
  const { databaseFileName } = await import('../../store/database-file.ts')
  const { verifyDatabase } = await import('../../store/verify.ts')
  const path = file ?? join(settings.dataDir, databaseFileName)
  const verification = verifyDatabase(path)
  const { faults } = verification
  for (const fault of faults) print(context, fault)
  const verdict = faults.length === 0 ? 'is sound' : 'is damaged: restore a backup, or go on without what is lost'
  print(context, `${path} ${verdict}. It holds ${contentText(verification)}.`)
  if (faults.length > 0) context.setExitCode(ExitCode.failed)
}

/** What a database holds, for people. */
export function contentText(verification: Verification): string {
  const { accounts, messages, segments, conversations, pastMessages, journalEntries } = verification
  const inboxes = `${messages} stored messages in ${segments} segments`
  return `${accounts} accounts, ${inboxes}, ${pastMessages} messages of ${conversations} conversations in the history, ${journalEntries} remembered ids`
}
