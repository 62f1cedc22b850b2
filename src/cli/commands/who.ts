/** `parley who`: shows who is online. */
import { type Command, InvalidArgumentError } from 'commander'
import { userListLimitMax } from '../../protocol/entities/user-list.ts'
import { neutraliseLine } from '../chat/neutralise.ts'
import { wireWho } from '../chat/wire-commands.ts'
import { type CliContext, note, print } from '../context.ts'
import type { ControlClient } from '../control-client.ts'
import { examplesText } from '../help.ts'
import { withServer } from '../server-access.ts'
import { requireSettings } from '../settings-options.ts'
import { addWireOptions, type WireAccessOptions, wantsWire, wireAccess } from '../wire-access.ts'

interface WhoOptions extends WireAccessOptions {
  readonly prefix?: string
  readonly limit?: number
  readonly json?: boolean
}

/** Describes the command and binds it to its world. */
export function addWho(parent: Command, context: CliContext): void {
  const command = parent
    .command('who')
    .summary('show who is online')
    .description(
      'Shows who is online, a name a line: through the control socket of a server on this machine, or over the wire with --user.',
    )
    .option('--prefix <text>', 'only names that begin so')
    .option('--limit <count>', 'no more than so many', countArgument)
    .option('--json', 'one JSON object a line: {"UserId": "alice"}')
  addWireOptions(command)
    .addHelpText(
      'after',
      examplesText([
        ['parley who', 'everyone'],
        ['parley who --prefix sensor- --limit 20', 'the first 20 sensors'],
        ['parley who --user alice --url ws://chat.example:7701/ws', 'ask another server, as alice'],
      ]),
    )
    .action((options: WhoOptions) => who(context, options))
}

async function who(context: CliContext, options: WhoOptions): Promise<void> {
  const { settings } = requireSettings(context, options)
  const { prefix, limit } = options
  const names = wantsWire(options)
    ? (await wireWho({ ...(await wireAccess(context, options, settings)), prefix, limit })).map((user) => user.userId)
    : await withServer(settings.dataDir, (control) => allOnline(control, { prefix, limit }))
  for (const name of names) print(context, options.json ? JSON.stringify({ UserId: name }) : neutraliseLine(name))
  if (!options.json && context.stdout.isTTY) note(context, `${names.length} online`)
}

async function allOnline(
  control: ControlClient,
  wanted: { prefix: string | undefined; limit: number | undefined },
): Promise<string[]> {
  const { prefix, limit = Number.POSITIVE_INFINITY } = wanted
  const names: string[] = []
  let after: string | undefined
  do {
    const page = await control.call('who', {
      limit: Math.min(userListLimitMax, limit - names.length),
      ...(prefix === undefined ? {} : { prefix }),
      ...(after === undefined ? {} : { after }),
    })
    names.push(...page.items)
    after = page.after
  } while (after !== undefined && names.length < limit)
  return names
}

function countArgument(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It must be a whole number above 0.')
  return Number(text)
}
