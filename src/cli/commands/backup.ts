/** `parley backup`: copies everything that is stored into one file, while the server runs or not. */
import type { Command } from 'commander'
import { type CliContext, print } from '../context.ts'
import { examplesText } from '../help.ts'
import { addSettingsOptions, requireSettings, type SettingsOptions } from '../settings-options.ts'

/** Describes the command and binds it to its world. */
export function addBackup(parent: Command, context: CliContext): void {
  const command = parent
    .command('backup')
    .summary('copy everything that is stored into a file')
    .description(
      'Copies accounts, inboxes and the rest into one file, as they are at one moment. A running server goes on. The file holds password hashes: keep it as safe as the data directory.',
    )
    .argument('<file>', 'the file to write; it must not be there yet')
  addSettingsOptions(command, ['dataDir'])
    .addHelpText('after', examplesText([['parley backup parley-monday.db', 'make a backup']]))
    .action((file: string, options: SettingsOptions) => backup(context, file, options))
}

async function backup(context: CliContext, file: string, options: SettingsOptions): Promise<void> {
  const { settings } = requireSettings(context, options)
  // Loaded when it is needed: opening the database costs more than the rest of the command line.
  const { backupDatabase } = await import('../../store/backup.ts')
  const { path, bytes } = backupDatabase(settings.dataDir, file)
  print(context, `Wrote ${path} (${bytes} bytes).`)
}
