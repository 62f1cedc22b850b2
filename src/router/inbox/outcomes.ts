/** When a run has its answer, and which: the one place that says `delivered` or `stored`. */
import { journalEntryBytes } from '../../mailbox/inbox-messages.ts'
import { isBlankKey, messageKeyBytes } from '../../mailbox/message-key.ts'
import { comparePositions } from '../../mailbox/position.ts'
import type { ErrorCode } from '../../protocol/errors.ts'
import { messageId } from '../../security/message-id.ts'
import { reject } from '../answer.ts'
import type { Step } from '../state.ts'
import { answer, answerRun, type DeliveryStatus } from './answers.ts'
import { hasLiveReader, isRetaining, type Recipient } from './recipient.ts'
import { rememberSettled } from './remembered.ts'
import type { Entry } from './window.ts'

/** What the next frames, up to an index, are answered with. */
type Fate =
  | { readonly until: number; readonly status: DeliveryStatus }
  /** `isUnsure`: it may still be stored, so it is remembered. */
  | { readonly until: number; readonly code: ErrorCode; readonly isUnsure: boolean }

/** What the trace says of an answer. */
const traceStepOf = { delivered: 'acknowledged', stored: 'stored', sent: 'sent' } as const

/** Answers what can be answered of a run. */
export function settle(step: Step, recipient: Recipient, entry: Entry): void {
  for (let fate = nextFate(step, recipient, entry); fate !== undefined; fate = nextFate(step, recipient, entry)) {
    conclude(step, recipient, entry, fate)
  }
}

/** Refuses what has no answer yet of a run that nobody was given: its sender, and who sent it again, is told. */
export function refuseRun(step: Step, recipient: Recipient, entry: Entry, code: ErrorCode): void {
  if (entry.answered < entry.count) conclude(step, recipient, entry, { until: entry.count, code, isUnsure: false })
}

function conclude(step: Step, recipient: Recipient, entry: Entry, fate: Fate): void {
  tell(step, recipient, entry, fate)
  const { trace } = step.state
  if ('code' in fate) trace.note(entry.mark, 'rejected', step.now, fate.code)
  else trace.note(entry.mark, traceStepOf[fate.status], step.now)
  noteMissed(step, recipient, entry, fate)
  step.state.inbox.unanswered -= fate.until - entry.answered
  entry.answered = fate.until
}

/** What one device has and the store has not is missing for the others: they are told when they come. */
function noteMissed(step: Step, recipient: Recipient, { place, seq }: Entry, fate: Fate): void {
  if (place.kind !== 'refused' || fate.until <= place.from || 'code' in fate) return
  const { epoch, missed } = step.state.inbox
  const upTo = { epoch, seq: seq + fate.until - 1 }
  missed.set(recipient.user, upTo)
  // Whoever has it misses nothing.
  for (const reader of recipient.readers.values()) {
    const { acknowledges, acknowledged, device } = reader
    if (!acknowledges || comparePositions(acknowledged, upTo) < 0) continue
    reader.noted = acknowledged
    step.effects.push({ kind: 'noteAcknowledged', acknowledgement: { user: recipient.user, device, ...acknowledged } })
  }
  step.effects.push({ kind: 'noteMissed', user: recipient.user, ...upTo })
}

/** Drops from the window what is settled, but for what somebody may still be given out of it. */
export function tidy(step: Step, recipient: Recipient): void {
  const { inbox } = step.state
  rememberSettled(step, recipient)
  const before = recipient.window.bytes
  const kept = isRetaining(recipient) ? inbox.options.windowBytesMax : -1
  for (const { place } of recipient.window.dropSettled(kept)) {
    if (place.kind !== 'held')
      recipient.evicted = Math.max(recipient.evicted, place.kind === 'storing' ? 0 : place.order + 1)
  }
  inbox.windowBytes += recipient.window.bytes - before
  // Numbers of what nobody got and no store has are no holes: they are given to what comes next.
  if (recipient.window.entries.length > 0) return
  recipient.lastSeq = recipient.lastUsed
  recipient.remembered = Math.min(recipient.remembered, recipient.lastSeq)
}

function nextFate(step: Step, recipient: Recipient, entry: Entry): Fate | undefined {
  const { answered, acknowledged, count, place } = entry
  const { inbox } = step.state
  if (answered === count) return undefined
  switch (place.kind) {
    case 'held':
      if (acknowledged > answered) return { until: acknowledged, status: 'delivered' }
      // Whether there is such a user will not be known any more.
      return inbox.isEnding && inbox.isStoreDown ? { until: count, code: 'storage_failed', isUnsure: false } : undefined
    case 'storing':
      // Nobody knows when there will be a store again. What is told here may still come true.
      if (!inbox.isStoreDown || !isOverdue(step, entry)) return undefined
      return { until: count, code: 'storage_failed', isUnsure: true }
    case 'stored':
      return acknowledged > answered ? { until: acknowledged, status: 'delivered' } : { until: count, status: 'stored' }
    case 'refused':
      if (acknowledged > answered) return { until: acknowledged, status: 'delivered' }
      if (place.from > answered) return { until: place.from, status: 'stored' }
      return fateOfRefused(step, recipient, entry, place.code)
    default:
      place satisfies never
      return undefined
  }
}

/** The store has no room for it, but a session may have it. */
function fateOfRefused(step: Step, recipient: Recipient, entry: Entry, code: ErrorCode): Fate | undefined {
  const { count, writes } = entry
  if (hasLiveReader(recipient) && !isOverdue(step, entry)) return undefined
  if (writes.isWritten) return { until: count, status: 'sent' }
  return writes.open > 0 ? undefined : { until: count, code, isUnsure: false }
}

/** Whether a run has waited for as long as one may; when the server stops nothing waits. */
export function isOverdue(step: Step, entry: Entry): boolean {
  const { isEnding, options } = step.state.inbox
  return isEnding || step.now - entry.acceptedAt >= options.ackWaitMs
}

function tell(step: Step, recipient: Recipient, entry: Entry, fate: Fate): void {
  if (entry.keys !== undefined) remember(step, recipient, entry, entry.keys, fate)
  const { asker, answered } = entry
  if (asker === undefined) return
  if ('code' in fate) {
    const isPart = asker.kind === 'sender' && fate.until - answered < entry.count
    const callbackIds = asker.kind === 'sender' ? asker.callbackIds.slice(answered, fate.until) : []
    const silent = fate.until - answered - callbackIds.length
    reject(step, isPart ? { ...asker, callbackIds, silent } : asker, fate.code, recipient.user)
    return
  }
  if (asker.kind === 'command') {
    step.effects.push({ kind: 'commandReply', id: asker.id, reply: { name: 'send', status: fate.status } })
  }
  if (asker.kind !== 'sender') return
  answerRun(step, asker.connection, {
    callbackIds: asker.callbackIds,
    from: answered,
    until: fate.until,
    status: fate.status,
    nameOf: (index) => nameOf(step, recipient, entry.seq + index),
  })
}

function nameOf(step: Step, recipient: Recipient, seq: number): string {
  return messageId(step.state.inbox.epoch, seq, recipient.tag)
}

/** Notes the answers for those who send again, and tells those who have done so already. */
function remember(step: Step, recipient: Recipient, entry: Entry, keys: Uint8Array, fate: Fate): void {
  if ('code' in fate && fate.isUnsure) return
  for (let index = entry.answered; index < fate.until; index++) {
    const at = index * messageKeyBytes
    if (!isBlankKey(keys, at)) decide(step, recipient, { keys, at, seq: entry.seq + index }, fate)
  }
  // With what is stored its ids are; others are written down without anybody waiting for it.
  if (!('code' in fate) && fate.status !== 'stored' && entry.place.kind !== 'stored') journal(step, entry, keys, fate)
}

/** One message that has an id. */
interface Identified {
  readonly keys: Uint8Array
  readonly at: number
  readonly seq: number
}

/** What became of a message with an id: remembered when it was taken, forgotten when it was refused; who sent it again is told. */
function decide(
  step: Step,
  recipient: Recipient,
  { keys, at, seq }: Identified,
  outcome: { readonly status: DeliveryStatus } | { readonly code: ErrorCode },
): void {
  const { repeats, waitingRepeats } = step.state.inbox
  const number = 'code' in outcome ? repeats.remove(keys, at) : repeats.settle(keys, at, outcome.status)
  const repeated = number === undefined ? undefined : waitingRepeats.get(number)
  if (number === undefined || repeated === undefined) return
  waitingRepeats.delete(number)
  for (const { connection, callbackId } of repeated) {
    if ('code' in outcome) {
      reject(step, { kind: 'sender', connection, callbackIds: [callbackId], silent: 0 }, outcome.code, recipient.user)
    } else {
      answer(step, connection, {
        callbackId,
        status: outcome.status,
        messageId: nameOf(step, recipient, seq),
        isDuplicate: true,
      })
    }
  }
}

function journal(
  step: Step,
  entry: Entry,
  keys: Uint8Array,
  fate: { readonly until: number; readonly status: DeliveryStatus },
): void {
  const entries = journalEntries(step, entry, keys, { from: entry.answered, until: fate.until, status: fate.status })
  step.effects.push({ kind: 'journal', entries })
}

/** Entries of the id journal for frames of a run; of zeros where there is no id. */
export function journalEntries(
  step: Step,
  entry: Pick<Entry, 'seq'>,
  keys: Uint8Array,
  part: { readonly from: number; readonly until: number; readonly status: DeliveryStatus },
): Buffer {
  const { epoch, repeats } = step.state.inbox
  const entries = Buffer.alloc((part.until - part.from) * journalEntryBytes)
  for (let index = part.from; index < part.until; index++) {
    const at = index * messageKeyBytes
    if (isBlankKey(keys, at)) continue
    const remembered = { status: part.status, epoch, seq: entry.seq + index, now: step.now }
    repeats.writeEntry(keys, at, remembered, entries, (index - part.from) * journalEntryBytes)
  }
  return entries
}

/**
 * The store has decided on a run, of which some may have been given up before: whoever sends those again is told what became of
 * them after all.
 */
export function decideGivenUp(step: Step, recipient: Recipient, entry: Entry): void {
  const { keys, place } = entry
  if (keys === undefined || (place.kind !== 'stored' && place.kind !== 'refused')) return
  const storedUntil = place.kind === 'stored' ? entry.count : place.from
  for (let index = 0; index < entry.answered; index++) {
    const at = index * messageKeyBytes
    if (isBlankKey(keys, at) || step.state.inbox.repeats.find(keys, at)?.status !== 'pending') continue
    const outcome =
      place.kind === 'refused' && index >= storedUntil ? { code: place.code } : { status: 'stored' as const }
    decide(step, recipient, { keys, at, seq: entry.seq + index }, outcome)
  }
}
