/** `parley keys pending`: shows the keys of a user that wait for approval. */
import type { Command } from 'commander'
import { neutraliseLine } from '../chat/neutralise.ts'
import { type CliContext, note, print } from '../context.ts'
import { examplesText } from '../help.ts'
import { withServer } from '../server-access.ts'
import { addSettingsOptions, requireSettings, type SettingsOptions } from '../settings-options.ts'
import { formatTable } from '../table.ts'
import { userArgument } from '../user-argument.ts'

/** Describes the command and binds it to its world. */
export function addKeysPending(parent: Command, context: CliContext): void {
  const command = parent
    .command('pending')
    .summary('show the keys of a user that wait for approval')
    .description(
      'Shows the keys of a user that wait for approval. The server that runs keeps them for an hour; after that the device asks again.',
    )
    .argument('<user>', 'the user', userArgument)
  addSettingsOptions(command, ['dataDir'])
    .addHelpText('after', examplesText([['parley keys pending alice', 'the keys of alice that wait']]))
    .action((user: string, options: SettingsOptions) => keysPending(context, user, options))
}

async function keysPending(context: CliContext, userId: string, options: SettingsOptions): Promise<void> {
  const { settings } = requireSettings(context, options)
  const keys = await withServer(settings.dataDir, (control) => control.call('pendingKeys', { userId }))
  if (keys.length === 0) {
    note(context, `No key of ${userId} waits for approval.`)
    return
  }
  const rows = keys.map(({ thumbprint, deviceId, expires }) => [
    thumbprint,
    neutraliseLine(deviceId),
    new Date(expires).toISOString(),
  ])
  for (const line of formatTable(['KEY', 'DEVICE', 'WAITS UNTIL'], rows)) print(context, line)
}
