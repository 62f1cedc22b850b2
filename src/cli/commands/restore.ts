/** `parley restore`: puts a backup in the place of what is stored. */
import type { Command } from 'commander'
import { CliError, ExitCode } from '../cli-error.ts'
import { type CliContext, print } from '../context.ts'
import { connectControl } from '../control-client.ts'
import { examplesText } from '../help.ts'
import { addSettingsOptions, requireSettings, type SettingsOptions } from '../settings-options.ts'
import { contentText } from './verify.ts'

/** Describes the command and binds it to its world. */
export function addRestore(parent: Command, context: CliContext): void {
  const command = parent
    .command('restore')
    .summary('put a backup in the place of what is stored')
    .description(
      'Verifies a backup and puts it in the place of the database; the old one is kept beside it. Only while no server runs. What was stored since the backup is gone, and devices are told so when they come back.',
    )
    .argument('<file>', 'a file that "parley backup" wrote')
  addSettingsOptions(command, ['dataDir'])
    .addHelpText('after', examplesText([['parley restore parley-monday.db', 'go back to Monday']]))
    .action((file: string, options: SettingsOptions) => restore(context, file, options))
}

async function restore(context: CliContext, file: string, options: SettingsOptions): Promise<void> {
  const { settings } = requireSettings(context, options)
  const control = await connectControl(settings.dataDir)
  if (control !== undefined) {
    control.close()
    throw new CliError(
      ExitCode.failed,
      `A server runs on the data directory ${settings.dataDir}: stop it first, then restore.`,
    )
  }
  const { restoreDatabase } = await import('../../store/restore.ts')
  const { path, replaced, verification } = restoreDatabase(settings.dataDir, file, Date.now())
  print(context, `Restored ${path}: ${contentText(verification)}.`)
  if (replaced !== undefined) print(context, `What was there before is now ${replaced}`)
}
