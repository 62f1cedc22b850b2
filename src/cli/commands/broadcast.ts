/** `parley broadcast`: sends a text to everyone online. */
import type { Command } from 'commander'
import { wireBroadcast } from '../chat/wire-commands.ts'
import { type CliContext, print } from '../context.ts'
import { examplesText } from '../help.ts'
import { messageText } from '../message-argument.ts'
import { withServer } from '../server-access.ts'
import { requireSettings } from '../settings-options.ts'
import { addWireOptions, type WireAccessOptions, wantsWire, wireAccess } from '../wire-access.ts'

/** Describes the command and binds it to its world. */
export function addBroadcast(parent: Command, context: CliContext): void {
  const command = parent
    .command('broadcast')
    .summary('send a text to everyone online')
    .description(
      'Sends a text to everyone online: from the server itself through the control socket of a server on this machine, or as an operator with --user.',
    )
    .argument('<text...>', 'the text, or - for the standard input')
  addWireOptions(command)
    .addHelpText(
      'after',
      examplesText([
        ['parley broadcast Restart in five minutes.', 'a word from the server'],
        ['parley broadcast --user operator Lunch is ready.', 'as an operator; asks for the password'],
      ]),
    )
    .action((words: string[], options: WireAccessOptions) => broadcast(context, words, options))
}

async function broadcast(context: CliContext, words: readonly string[], options: WireAccessOptions): Promise<void> {
  const { settings } = requireSettings(context, options)
  const overWire = wantsWire(options)
  const message = await messageText(context, words, options)
  const { receivers } = overWire
    ? await wireBroadcast({ ...(await wireAccess(context, options, settings)), message })
    : await withServer(settings.dataDir, (control) => control.call('broadcast', { message }))
  print(
    context,
    receivers === undefined ? 'Sent.' : `Sent to ${receivers} ${receivers === 1 ? 'session' : 'sessions'}.`,
  )
}
