/** Sessions and what they are given: messages as they come, or first what was stored, in order, until they have all of it. */
import type { InboxCalls } from '../../mailbox/inbox-messages.ts'
import { comparePositions, laterPosition, type Position } from '../../mailbox/position.ts'
import type { ConnectionId } from '../../mailbox/router-messages.ts'
import { fault } from '../../protocol/errors.ts'
import { epochText } from '../../security/message-id.ts'
import { refuse } from '../answer.ts'
import { newReceipt } from '../receipts.ts'
import type { PageReceipt, Step } from '../state.ts'
import { offsetOf } from './frames.ts'
import { settle, tidy } from './outcomes.ts'
import { type Reader, type Recipient, refresh } from './recipient.ts'
import { noteAcknowledged, storeHeld, tellAcknowledged } from './storing.ts'
import { type Entry, isSettled, lastSeqOf } from './window.ts'

/** A session begins to be given what its device has not had. `order`: the runs that went to the store before it was asked. */
export function addReader(
  step: Step,
  recipient: Recipient,
  reader: Reader,
  asked: { readonly order: number; readonly isEmpty: boolean },
): void {
  recipient.readers.set(reader.connection, reader)
  if (asked.isEmpty && recipient.evicted <= asked.order) goLive(step, recipient, reader)
  else read(step, recipient, reader)
  refresh(recipient)
}

/** Asks the store for what comes next. */
function read(step: Step, { user, appends }: Recipient, reader: Reader): void {
  reader.stage = { kind: 'reading', order: appends }
  const { connection, given } = reader
  step.effects.push({
    kind: 'readInbox',
    user,
    connection,
    after: given,
    bytesMax: step.state.inbox.options.readBytesMax,
  })
}

/** The store has answered; undefined when it could not. */
export function inboxRead(
  step: Step,
  user: string,
  connection: ConnectionId,
  page: InboxCalls['readInbox']['give'] | undefined,
): void {
  const recipient = step.state.inbox.recipients.get(user)
  const reader = recipient?.readers.get(connection)
  if (recipient === undefined || reader?.stage.kind !== 'reading') return
  if (page === undefined) {
    reader.stage = { kind: 'waiting', until: step.now + step.state.inbox.options.retryMs }
    return
  }
  const { order } = reader.stage
  for (const damage of page.damaged) tellDamage(step, user, reader, damage)
  const receipt = givePage(step, recipient, reader, page)
  if (!page.more && recipient.evicted <= order) goLive(step, recipient, reader)
  else if (receipt === 0) read(step, recipient, reader)
  else reader.stage = { kind: 'writing', receipt }
  refresh(recipient)
  tidy(step, recipient)
}

/** Gives what was read; the receipt is that of the last piece, or 0 when there was none. */
function givePage(step: Step, recipient: Recipient, reader: Reader, page: InboxCalls['readInbox']['give']): number {
  const { connection } = reader
  const last = page.segments.length - 1
  let receipt = 0
  for (const [index, { epoch, seq, count, frames }] of page.segments.entries()) {
    giveRefused(step, recipient, reader, { epoch, seq })
    if (index === last) {
      receipt = newReceipt(step, {
        kind: 'page',
        connection,
        user: recipient.user,
        end: page.end,
        isNoted: !reader.acknowledges,
      })
    }
    deliver(step, reader, { epoch, seq, frames, receipt, serverTime: 0 })
    reader.given = { epoch, seq: seq + count - 1 }
  }
  if (comparePositions(page.end, reader.given) > 0) reader.given = page.end
  return receipt
}

/** What a session is to be given. */
interface Piece extends Position {
  readonly frames: Uint8Array
  readonly receipt: number
  /** Unix milliseconds; 0 when it is not known. */
  readonly serverTime: number
}

function deliver(step: Step, { connection, acknowledges }: Reader, piece: Piece): void {
  const { frames, receipt } = piece
  if (!acknowledges) {
    step.effects.push({ kind: 'send', connection, message: { kind: 'deliver', connection, receipt, frames } })
    return
  }
  step.effects.push({ kind: 'send', connection, message: { kind: 'deliverNumbered', connection, ...piece } })
}

/** A run goes to a session that has all before it. */
export function giveEntry(step: Step, recipient: Recipient, reader: Reader, entry: Entry, receipt = 0): void {
  const { epoch } = step.state.inbox
  const { seq, frames, acceptedAt } = entry
  deliver(step, reader, { epoch, seq, frames, receipt, serverTime: acceptedAt })
  reader.given = { epoch, seq: lastSeqOf(entry) }
  recipient.lastUsed = Math.max(recipient.lastUsed, reader.given.seq)
}

/** The session has all that was stored: it gets what is in memory after that, and then messages as they come. */
function goLive(step: Step, recipient: Recipient, reader: Reader): void {
  const { epoch } = step.state.inbox
  const { connection, acknowledges, given } = reader
  const missed = recipient.window.entries.flatMap((entry) => restOf(step, entry, given))
  const last = missed.pop()
  for (const entry of missed) giveEntry(step, recipient, reader, entry)
  if (last !== undefined) {
    const end = { epoch, seq: lastSeqOf(last) }
    const receipt = acknowledges
      ? 0
      : newReceipt(step, { kind: 'page', connection, user: recipient.user, end, isNoted: true })
    giveEntry(step, recipient, reader, last, receipt)
  }
  reader.stage = { kind: 'live' }
  if (!acknowledges) recipient.readers.delete(connection)
}

/** What of a run comes after a place, and counts: what its sender was told is not to be had must not come later. */
function restOf(step: Step, entry: Entry, after: Position): readonly Entry[] {
  const { epoch } = step.state.inbox
  const { seq, count, frames, place } = entry
  const isCut = place.kind === 'refused' && isSettled(entry)
  const end = isCut ? Math.max(place.from, entry.acknowledged) : count
  const skipped = after.epoch < epoch ? 0 : Math.max(0, after.seq - seq + 1)
  if (skipped >= end) return []
  if (skipped === 0 && end === count) return [entry]
  const { end: endByte } = step.state.options.delimiters
  const first = offsetOf(frames, skipped, endByte)
  return [
    {
      ...entry,
      seq: seq + skipped,
      count: end - skipped,
      frames: frames.subarray(first, offsetOf(frames, end, endByte)),
    },
  ]
}

/** What the store has refused and a device may acknowledge yet is in memory alone: it goes before what was stored after it. */
function giveRefused(step: Step, recipient: Recipient, reader: Reader, before: Position): void {
  const { epoch } = step.state.inbox
  if (before.epoch !== epoch) return
  for (const entry of recipient.window.entries) {
    const { place, seq } = entry
    if (seq >= before.seq) return
    if (place.kind !== 'refused') continue
    const after = laterPosition(reader.given, { epoch, seq: seq + place.from - 1 })
    for (const rest of restOf(step, entry, after)) giveEntry(step, recipient, reader, rest)
  }
}

function tellDamage(
  step: Step,
  user: string,
  { connection }: Reader,
  damage: { epoch: number; from: number; to: number },
): void {
  const epoch = epochText(damage.epoch)
  const problem = fault('storage_failed', 'Stored messages are damaged and can not be given.')
  const extras = { detail: { Epoch: epoch, From: damage.from, To: damage.to } }
  refuse(step, { connection, type: '', callbackId: undefined, toUser: false }, problem, extras)
  const detail = `${epoch}, ${damage.from} to ${damage.to}`
  step.effects.push({ kind: 'observed', name: 'storedDamaged', user, connection, detail })
}

/** A piece was written to a session, or never will be. */
export function pageWritten(step: Step, page: PageReceipt, receipt: number, isCompleted: boolean): void {
  const { user, connection, end } = page
  if (isCompleted && page.isNoted) step.effects.push({ kind: 'noteWritten', user, ...end })
  const recipient = step.state.inbox.recipients.get(user)
  const reader = recipient?.readers.get(connection)
  if (recipient === undefined || reader?.stage.kind !== 'writing' || reader.stage.receipt !== receipt) return
  if (isCompleted) read(step, recipient, reader)
}

/** Asks again where the store could not answer. */
export function readAgain(step: Step, recipient: Recipient): void {
  for (const reader of recipient.readers.values()) {
    if (reader.stage.kind === 'waiting' && step.now >= reader.stage.until) read(step, recipient, reader)
  }
}

/** A session has ended: what it had not acknowledged goes to the store, in order, before anything newer. */
export function removeReader(step: Step, user: string, connection: ConnectionId): void {
  const recipient = step.state.inbox.recipients.get(user)
  const reader = recipient?.readers.get(connection)
  if (recipient === undefined || reader === undefined) return
  if (reader.acknowledges && comparePositions(reader.acknowledged, reader.noted) > 0) {
    tellAcknowledged(step, recipient, reader)
  }
  recipient.readers.delete(connection)
  refresh(recipient)
  if (!recipient.isDirect) storeHeld(step, recipient)
  // What the store has refused waited for this session.
  for (const entry of recipient.window.entries) settle(step, recipient, entry)
  step.state.inbox.waiting.add(recipient)
  tidy(step, recipient)
}

/** A device has everything up to a place. Gives false when that place was never given to it. */
export function acknowledge(step: Step, user: string, connection: ConnectionId, place: Position): boolean {
  const recipient = step.state.inbox.recipients.get(user)
  const reader = recipient?.readers.get(connection)
  if (recipient === undefined || reader === undefined) return false
  if (comparePositions(place, reader.given) > 0) return false
  if (comparePositions(place, reader.acknowledged) <= 0) return true
  reader.acknowledged = place
  if (place.epoch === step.state.inbox.epoch) {
    for (const entry of recipient.window.entries) {
      if (entry.seq > place.seq) break
      const count = Math.min(entry.count, place.seq - entry.seq + 1)
      if (count <= entry.acknowledged) continue
      entry.acknowledged = count
      settle(step, recipient, entry)
    }
    tidy(step, recipient)
  }
  noteAcknowledged(step, recipient, reader)
  return true
}
