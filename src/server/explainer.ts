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
  const between = (from: string): string => `from ${from} to ${to}`
  const steps: Explanation['steps'][number][] = (traced?.steps ?? []).map(({ step, time }) =>
    step === 'accepted' && traced !== undefined ? { step, time, detail: between(traced.from) } : { step, time },
  )
  const has = (step: string): boolean => steps.some((one) => one.step === step)
  if (past !== undefined && !has('accepted')) {
    steps.unshift({ step: 'accepted', time: past.time, detail: between(past.from) })
  }
  // The store says what is so now, and not since when.
  const time = parts.now()
  if (inbox.isStored) steps.push({ step: 'stored', time, detail: `it lies in the inbox of ${to}` })
  if (inbox.isDropped) steps.push({ step: 'dropped', time, detail: 'it had to make room' })
  const isKnown = steps.length > 0
  if (isKnown && inbox.isAcknowledged && !has('acknowledged')) {
    steps.push({ step: 'acknowledged', time, detail: 'by a device, at some time before' })
  }
  if (past?.isRead === true) steps.push({ step: 'read', time, detail: 'at some time before' })
  return { known: isKnown, steps }
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
