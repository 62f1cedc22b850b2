/** `parley send`: sends a text to one user. */
import { type Command, InvalidArgumentError } from 'commander'
import type { SendOptions, SendResult } from '../../client/index.ts'
import { neutraliseLine } from '../chat/neutralise.ts'
import { type WireOptions, wireSend } from '../chat/wire-commands.ts'
import { CliError, codeOf, ExitCode, explain } from '../cli-error.ts'
import { type CliContext, print } from '../context.ts'
import { examplesText } from '../help.ts'
import { messageText } from '../message-argument.ts'
import { withServer } from '../server-access.ts'
import { requireSettings } from '../settings-options.ts'
import { userArgument } from '../user-argument.ts'
import { addWireOptions, type WireAccessOptions, wantsWire, wireAccess } from '../wire-access.ts'

interface SendCommandOptions extends WireAccessOptions {
  readonly volatile?: boolean
  readonly retry?: number
}

/** Describes the command and binds it to its world. */
export function addSend(parent: Command, context: CliContext): void {
  const command = parent
    .command('send')
    .summary('send a text to one user')
    .description(
      'Sends a text to one user: from the server itself through the control socket of a server on this machine, or as a user with --user. Says what became of it, and how the server calls it: "bob: stored e5-17-0a1b2c3d4e5f". Exit code 0 when it was delivered, stored or sent.',
    )
    .argument('<name>', 'the receiver', userArgument)
    .argument('<text...>', 'the text, or - for the standard input')
    .option('--volatile', 'for the moment only: never stored (with --user)')
    .option(
      '--retry <seconds>',
      'try again for so long while the server has no room or is busy (with --user)',
      secondsArgument,
    )
  addWireOptions(command)
    .addHelpText(
      'after',
      examplesText([
        ['parley send alice The backup is done.', 'a word from the server'],
        ['PARLEY_PASSWORD_FILE=bot.txt parley send --user bot alice "Build 7 is green"', 'as the user bot'],
        ['uptime | parley send alice -', 'what another program says'],
      ]),
    )
    .action((to: string, words: string[], options: SendCommandOptions) => send(context, { to, words }, options))
}

async function send(
  context: CliContext,
  take: { to: string; words: readonly string[] },
  options: SendCommandOptions,
): Promise<void> {
  const { settings } = requireSettings(context, options)
  const { to } = take
  const overWire = wantsWire(options)
  if (!overWire && (options.volatile || options.retry !== undefined)) {
    throw new CliError(ExitCode.usage, '--volatile and --retry belong to a login: say as whom, with --user NAME')
  }
  const message = await messageText(context, take.words, options)
  if (overWire) {
    const access = await wireAccess(context, options, settings)
    print(context, resultText(to, await sendAs(access, { to, message, how: howOf(options) })))
    return
  }
  const result = await withServer(settings.dataDir, (control) => control.call('send', { to, message }))
  if (result.status === 'rejected') throw new CliError(ExitCode.failed, rejectedText(to, result.code))
  print(context, resultText(to, result))
}

/** @throws CliError that says whether the message was rejected, or what became of it is not known */
async function sendAs(
  access: WireOptions,
  message: { readonly to: string; readonly message: string; readonly how: SendOptions },
): Promise<SendResult> {
  try {
    return await wireSend({ ...access, ...message })
  } catch (error) {
    const code = codeOf(error)
    if (code === undefined || !deliveryCodes.has(code)) throw error
    throw new CliError(explain(error).exitCode, rejectedText(message.to, code), error)
  }
}

function howOf({ volatile, retry }: SendCommandOptions): SendOptions {
  return {
    ...(volatile ? { volatile } : {}),
    ...(retry === undefined ? {} : { retry: true, timeoutMs: retry * 1000 }),
  }
}

function resultText(
  to: string,
  { status, msgId }: { readonly status: string; readonly msgId?: string | undefined },
): string {
  return msgId === undefined ? `${to}: ${status}` : `${to}: ${status} ${neutraliseLine(msgId)}`
}

/** Codes of messages that were rejected, with a sentence of their own. */
const deliveryCodes: ReadonlySet<string> = new Set(['user_offline', 'user_unknown', 'inbox_full', 'storage_full'])

function rejectedText(to: string, code: string | undefined): string {
  if (code === 'user_offline') return `${to} is not online. See who is: parley who`
  if (code === 'user_unknown') return `There is no user ${to}. See who has an account: parley user list`
  if (code === 'inbox_full')
    return `Too much waits for ${to}: rejected (inbox_full). Try again when ${to} has been online.`
  if (code === 'storage_full')
    return `The server has no room: rejected (storage_full). Try again later, or with --retry`
  return `The text for ${to} was rejected (${neutraliseLine(code ?? 'no reason given')}).`
}

function secondsArgument(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('It must be a whole number of seconds above 0.')
  return Number(text)
}
