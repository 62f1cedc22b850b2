/** `parley health`: one line on whether the running server can do its work, and an exit code for scripts. */
import type { Command } from 'commander'
import { neutraliseLine } from '../chat/neutralise.ts'
import { ExitCode } from '../cli-error.ts'
import { type CliContext, print } from '../context.ts'
import { examplesText } from '../help.ts'
import { withServer } from '../server-access.ts'
import { addSettingsOptions, requireSettings, type SettingsOptions } from '../settings-options.ts'

/** Describes the command and binds it to its world. */
export function addHealth(parent: Command, context: CliContext): void {
  const command = parent
    .command('health')
    .summary('say whether the running server is well')
    .description(
      'Says in one line whether the server that runs on the data directory can write to its store. Exit code 0: it is well. 1: the store is full, damaged or fails. 69: no server runs.',
    )
  addSettingsOptions(command, ['dataDir'])
    .addHelpText(
      'after',
      examplesText([
        ['parley health', 'for people'],
        ['parley health || systemctl status parley', 'for scripts'],
      ]),
    )
    .action((options: SettingsOptions) => health(context, options))
}

async function health(context: CliContext, options: SettingsOptions): Promise<void> {
  const { settings } = requireSettings(context, options)
  const status = await withServer(settings.dataDir, (control) => control.call('status', {}))
  const { store, message } = status.health ?? {
    store: 'unknown',
    message: 'the server is of a version that does not say',
  }
  print(context, neutraliseLine(`${store}: ${message}`))
  if (store !== 'ok') context.setExitCode(ExitCode.failed)
}
