/** `parley send`: sends a text to one user. */
import type { Command } from 'commander'
import { neutraliseLine } from '../chat/neutralise.ts'
import { wireSend } from '../chat/wire-commands.ts'
import { CliError, ExitCode } from '../cli-error.ts'
import { type CliContext, print } from '../context.ts'
import { examplesText } from '../help.ts'
import { messageText } from '../message-argument.ts'
import { withServer } from '../server-access.ts'
import { requireSettings } from '../settings-options.ts'
import { userArgument } from '../user-argument.ts'
import { addWireOptions, type WireAccessOptions, wantsWire, wireAccess } from '../wire-access.ts'

/** Describes the command and binds it to its world. */
export function addSend(parent: Command, context: CliContext): void {
  const command = parent
    .command('send')
    .summary('send a text to one user')
    .description(
      'Sends a text to one user: from the server itself through the control socket of a server on this machine, or as a user with --user. Says what became of it.',
    )
    .argument('<name>', 'the receiver', userArgument)
    .argument('<text...>', 'the text, or - for the standard input')
  addWireOptions(command)
    .addHelpText(
      'after',
      examplesText([
        ['parley send alice The backup is done.', 'a word from the server'],
        ['PARLEY_PASSWORD_FILE=bot.txt parley send --user bot alice "Build 7 is green"', 'as the user bot'],
        ['uptime | parley send alice -', 'what another program says'],
      ]),
    )
    .action((to: string, words: string[], options: WireAccessOptions) => send(context, { to, words }, options))
}

async function send(
  context: CliContext,
  take: { to: string; words: readonly string[] },
  options: WireAccessOptions,
): Promise<void> {
  const { settings } = requireSettings(context, options)
  const { to } = take
  const overWire = wantsWire(options)
  const message = await messageText(context, take.words, options)
  if (overWire) {
    const status = await wireSend({ ...(await wireAccess(context, options, settings)), to, message })
    print(context, `${to}: ${status}`)
    return
  }
  const { status, code } = await withServer(settings.dataDir, (control) => control.call('send', { to, message }))
  if (status === 'rejected') throw new CliError(ExitCode.failed, rejectedText(to, code))
  print(context, `${to}: ${status}`)
}

function rejectedText(to: string, code: string | undefined): string {
  if (code === 'user_offline') return `${to} is not online. See who is: parley who`
  if (code === 'user_unknown') return `There is no user ${to}. See who has an account: parley user list`
  return `The text for ${to} was rejected (${neutraliseLine(code ?? 'no reason given')}).`
}
