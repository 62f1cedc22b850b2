/** What became of one message, put together from what the router remembers and what the store has. Runs on: the main thread. */
import type { Store, StoreCalls } from '../mailbox/store-messages.ts'
import type { Traced } from '../router/trace.ts'
import { placeOfMessage, receiverTag } from '../security/message-id.ts'
import type { Explanation } from './control-protocol.ts'

/** What an explanation is made from. */
export interface ExplainerParts {
  readonly store: Store
  /** What the router remembers of a message of this life of the server. */
  readonly traced: (place: { readonly epoch: number; readonly seq: number; readonly tag: string }) => Traced | undefined
  /** Unix milliseconds. */
  readonly now: () => number
}

const accountsAtOnce = 1000
const unknown: Explanation = { known: false, steps: [] }

/** Explains a message. Rejects as the store does. */
export async function explainMessage(parts: ExplainerParts, msgId: string): Promise<Explanation> {
  const place = placeOfMessage(msgId)
  if (place === undefined) return unknown
  const traced = parts.traced(place)
  const to = traced?.to ?? (await receiverOf(parts.store, place.tag))
  if (to === undefined) return unknown
  const take = { epoch: place.epoch, seq: place.seq }
  const [inbox, past] = await Promise.all([
    parts.store.call('findStored', { user: to, ...take }),
    parts.store.call('findPast', { to, ...take }),
  ])
  const steps: Step[] = []
  for (const { step, time, code } of traced?.steps ?? []) {
    if (step === 'accepted') steps.push(...acceptedSteps(time, traced?.from ?? '', to))
    else steps.push({ step, time, ...(code === undefined ? {} : { detail: code }) })
  }
  if (past !== undefined && traced === undefined) steps.unshift(...acceptedSteps(past.time, past.from, to))
  steps.push(...stepsNow({ inbox, past, to, isTraced: traced !== undefined, time: parts.now() }, steps))
  return { known: steps.length > 0, steps }
}

type Step = Explanation['steps'][number]

/** The router gets only what was checked. */
function acceptedSteps(time: number, from: string, to: string): readonly Step[] {
  const checked = 'its form and content, the rate of its sender, and its signature where it has one'
  return [
    { step: 'accepted', time, detail: `from ${from} to ${to}` },
    { step: 'checked', time, detail: checked },
  ]
}

/** What the store says: it knows what is so now, and not since when. */
function stepsNow(
  found: {
    readonly inbox: StoreCalls['findStored']['give']
    readonly past: StoreCalls['findPast']['give']
    readonly to: string
    readonly isTraced: boolean
    readonly time: number
  },
  before: readonly Step[],
): readonly Step[] {
  const { inbox, past, to, isTraced, time } = found
  const has = (name: string): boolean => before.some(({ step }) => step === name)
  const steps: Step[] = []
  const add = (step: string, detail: string): void => void steps.push({ step, time, detail })
  if (inbox.isStored) add('stored', `it lies in the inbox of ${to}`)
  if (inbox.isDropped) add('dropped', 'it had to make room')
  // A place says so of everything before it, also of a message that there never was.
  const isKnown = before.length + steps.length > 0
  const isAcknowledged = isKnown && inbox.isAcknowledged
  if (isAcknowledged && !has('acknowledged')) add('acknowledged', 'by a device, at some time before')
  const isWritten = isKnown && inbox.isWritten && !inbox.isStored && !isAcknowledged
  if (isWritten && !has('sent')) add('sent', 'to a client that does not acknowledge, at some time before')
  const isOver = inbox.isStored || inbox.isDropped || isAcknowledged || isWritten
  if (has('stored') && !isOver && !has('acknowledged')) {
    add('removed', `it lies in the inbox of ${to} no more: its time was over, or no device is left that it waited for`)
  }
  if (past?.isRead === true) add('read', 'at some time before')
  const isUnderWay = isTraced && !isOver && !['stored', 'sent', 'acknowledged', 'rejected'].some(has)
  if (isUnderWay) add('waiting', `for a device of ${to} to acknowledge it, or for the disk`)
  return steps
}

/** Whose tag it is: a name can't be told from it, so all are tried, page by page. */
async function receiverOf(store: Store, tag: string): Promise<string | undefined> {
  for (let after: string | undefined = ''; after !== undefined; ) {
    const page: StoreCalls['listAccounts']['give'] = await store.call('listAccounts', { after, limit: accountsAtOnce })
    const { accounts } = page
    const found = accounts.find(({ userId }) => receiverTag(userId) === tag)
    if (found !== undefined) return found.userId
    after = accounts.length < accountsAtOnce ? undefined : accounts.at(-1)?.userId
  }
  return undefined
}
