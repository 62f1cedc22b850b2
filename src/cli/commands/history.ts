/** `parley history`: shows what two users said to each other. */
import { type Command, InvalidArgumentError } from 'commander'
import { type HistoryPage, type IncomingMessage, ParleyError } from '../../client/index.ts'
import { messageOf } from '../../client/message.ts'
import type { PastPage } from '../../server/control-protocol.ts'
import { pastOf } from '../chat/person-history.ts'
import { wireHistory } from '../chat/wire-commands.ts'
import { CliError, ExitCode } from '../cli-error.ts'
import { type CliContext, note, print } from '../context.ts'
import { examplesText } from '../help.ts'
import { pastLines } from '../past-lines.ts'
import { withServer } from '../server-access.ts'
import { requireSettings } from '../settings-options.ts'
import { userArgument } from '../user-argument.ts'
import { addWireOptions, type WireAccessOptions, wantsWire, wireAccess } from '../wire-access.ts'

interface HistoryCommandOptions extends WireAccessOptions {
  readonly with: string
  readonly before?: number
  readonly after?: number
  readonly limit?: number
  readonly json?: boolean
}

/** Describes the command and binds it to its world. */
export function addHistory(parent: Command, context: CliContext): void {
  const command = parent
    .command('history')
    .summary('show what two users said to each other')
    .description(
      'Shows the newest messages of a conversation, oldest first, where the server keeps them (PARLEY_HISTORY): through the control socket of a server on this machine, or one’s own with --user. Texts that are end to end stay closed.',
    )
    .argument('[name]', 'one of the two; with --user it is that user', userArgument)
    .requiredOption('--with <name>', 'the other one', userArgument)
    .option('--before <position>', 'only what is older than this', positionArgument)
    .option('--after <position>', 'only what is newer than this', positionArgument)
    .option('--limit <count>', 'no more than so many messages: 1 to 200; else 50', limitArgument)
    .option('--json', 'one JSON object a line: {"position": 7, "message": {…}}')
  addWireOptions(command)
    .addHelpText(
      'after',
      examplesText([
        ['parley history alice --with bob', 'the last messages of the two'],
        ['parley history alice --with bob --before 120 --limit 20', 'a page before that'],
        ['parley history --user alice --with bob', 'the same over the wire, as alice'],
      ]),
    )
    .action((name: string | undefined, options: HistoryCommandOptions) => history(context, name, options))
}

async function history(context: CliContext, name: string | undefined, options: HistoryCommandOptions): Promise<void> {
  const { before, after, limit, json } = options
  if (before !== undefined && after !== undefined) {
    throw new CliError(ExitCode.usage, '--before and --after: one or the other')
  }
  const { settings } = requireSettings(context, options)
  const query = {
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
    ...(limit === undefined ? {} : { limit }),
  }
  let page: HistoryPage
  if (wantsWire(options)) {
    if (name !== undefined && name !== options.user) {
      throw new CliError(ExitCode.usage, `--user ${options.user} can only see the conversations of ${options.user}`)
    }
    page = await wireHistory({ ...(await wireAccess(context, options, settings)), with: options.with, ...query })
  } else {
    if (name === undefined) throw new CliError(ExitCode.usage, 'Whose conversation? Name one of the two, or use --user')
    const take = { user: name, with: options.with, ...query }
    page = pageOf(await withServer(settings.dataDir, (control) => control.call('history', take)))
  }
  for (const { position, message } of page.items) {
    if (json) print(context, JSON.stringify({ position, message: message.envelope }))
    else for (const line of pastLines(pastOf(message))) print(context, line)
  }
  if (!json) note(context, summaryText(page, after !== undefined))
}

/** What is beyond the page, and how to get there. */
function summaryText({ items, more, unread }: HistoryPage, isAfter: boolean): string {
  if (items.length === 0) return 'Nothing is kept of that.'
  const edge = isAfter ? items.at(-1)?.position : items[0]?.position
  const rest = more ? ` There is more: --${isAfter ? 'after' : 'before'} ${edge}` : ''
  return `${items.length} messages, ${unread} unread.${rest}`
}

function pageOf({ items, ...page }: PastPage): HistoryPage {
  return {
    ...page,
    items: items.flatMap(({ position, message }) => {
      const read: IncomingMessage | ParleyError = messageOf(message)
      return read instanceof ParleyError ? [] : [{ position, message: read }]
    }),
  }
}

function positionArgument(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It must be a position, as --json shows it.')
  return Number(text)
}

function limitArgument(text: string): number {
  const limit = /^\d{1,3}$/.test(text) ? Number(text) : 0
  if (limit < 1 || limit > 200) throw new InvalidArgumentError('It must be a whole number from 1 to 200.')
  return limit
}
