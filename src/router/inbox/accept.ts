/** A run comes in for somebody whose messages are numbered: it gets its numbers, goes to who is there, and to the store where that is needed. */
import { isBlankKey, messageKeyBytes } from '../../mailbox/message-key.ts'
import type { ErrorCode } from '../../protocol/errors.ts'
import { reject } from '../answer.ts'
import type { Asker } from '../events.ts'
import { newReceipt } from '../receipts.ts'
import type { EntryReceipt, Step } from '../state.ts'
import { proveExistence } from './existence.ts'
import { forgetRecipient, recipientOf } from './inbox-state.ts'
import { refuseRun, settle, tidy } from './outcomes.ts'
import { giveEntry } from './readers.ts'
import type { Recipient } from './recipient.ts'
import { storeHeld } from './storing.ts'
import type { Entry } from './window.ts'

/** What is accepted. */
export interface NewRun {
  readonly count: number
  /** Valid during the call; they are copied. */
  readonly frames: Uint8Array
  readonly keys: Uint8Array | undefined
  readonly asker: Asker | undefined
  /** The sender; undefined for the server's own messages. */
  readonly from: string | undefined
}

/** Whether messages to a user go this way, and not straight to its sessions. */
export function isRecipient(step: Step, user: string): boolean {
  const { recipients } = step.state.inbox
  return recipients.size > 0 && recipients.has(user)
}

/** Takes a run for a user. `existence` says whether it is known that there is such a user; if not, the run waits for `found`. */
export function accept(step: Step, user: string, run: NewRun, existence: Recipient['existence'] = 'exists'): void {
  const { inbox } = step.state
  const refusal = problemOf(step, user, run)
  if (refusal !== undefined) {
    if (run.asker !== undefined) reject(step, run.asker, refusal, user)
    return
  }
  const isNew = existence === 'asked' && !inbox.recipients.has(user)
  const recipient = recipientOf(inbox, user, existence)
  if (recipient.existence === 'asked') step.state.pendingLookups++
  if (isNew) step.effects.push({ kind: 'findUser', userId: user })
  const entry: Entry = {
    seq: recipient.lastSeq + 1,
    count: run.count,
    frames: Buffer.from(run.frames),
    keys: run.keys === undefined ? undefined : Buffer.from(run.keys),
    asker: run.asker,
    from: run.from,
    acceptedAt: step.now,
    mark: step.state.trace.accepted(
      { from: run.from ?? '', to: user, seq: recipient.lastSeq + 1, count: run.count },
      step.now,
    ),
    place: { kind: 'held' },
    acknowledged: 0,
    answered: 0,
    writes: { open: 0, isWritten: false },
  }
  recipient.lastSeq += run.count
  recipient.window.push(entry)
  inbox.windowBytes += entry.frames.length
  inbox.unanswered += run.count
  inbox.waiting.add(recipient)
  if (entry.keys !== undefined) rememberKeys(step, entry, entry.keys)
  give(step, recipient, entry)
  const { windowBytesMax, windowsBytesMax } = inbox.options
  const isFull = recipient.window.bytes > windowBytesMax || inbox.windowBytes > windowsBytesMax
  if (!recipient.isDirect || isFull) storeHeld(step, recipient)
  if (isFull) tidy(step, recipient)
}

/** Why a run can't be taken now. */
function problemOf(step: Step, user: string, run: NewRun): ErrorCode | undefined {
  const { inbox } = step.state
  const { options } = inbox
  const bytes = run.frames.length
  if (inbox.storingBytes + bytes > options.storingBytesMax) return inbox.isStoreDown ? 'storage_failed' : 'server_busy'
  if (inbox.windowBytes + bytes > options.windowsBytesMax + options.storingBytesMax) return 'server_busy'
  const { state } = step
  const recipient = inbox.recipients.get(user)
  // Numbers that others follow can't be taken back: so whether there is room again is found out with one run at a time.
  const isAsking = recipient?.window.entries.at(-1)?.place.kind === 'storing'
  if (isAsking && recipient.refusal !== undefined && !isGivenToAny(step, recipient)) return recipient.refusal
  const sessions = state.users.get(user)?.length ?? 0
  if (sessions > 0) return state.receipts.size + sessions > state.options.pendingReceiptsMax ? 'server_busy' : undefined
  if (recipient?.existence === 'exists') return undefined
  const isFull = recipient !== undefined && recipient.window.bytes + bytes > options.windowBytesMax
  return isFull || state.pendingLookups >= state.options.pendingLookupsMax ? 'server_busy' : undefined
}

/** Whether some session gets messages as they come. */
function isGivenToAny({ state }: Step, { user, readers }: Recipient): boolean {
  const sessions = state.users.get(user) ?? []
  return sessions.some(({ connection, acknowledges }) => {
    const reader = readers.get(connection)
    return reader === undefined ? !acknowledges : reader.stage.kind === 'live'
  })
}

function rememberKeys(step: Step, entry: Entry, keys: Uint8Array): void {
  const { repeats, epoch } = step.state.inbox
  for (let index = 0; index < entry.count; index++) {
    const at = index * messageKeyBytes
    if (!isBlankKey(keys, at))
      repeats.add(keys, at, { status: 'pending', epoch, seq: entry.seq + index, now: step.now })
  }
}

/** Sends a run to all sessions that are there for it. */
function give(step: Step, recipient: Recipient, entry: Entry): void {
  for (const { connection, acknowledges } of step.state.users.get(recipient.user) ?? []) {
    const reader = recipient.readers.get(connection)
    if (reader !== undefined) {
      if (reader.stage.kind === 'live') giveEntry(step, recipient, reader, entry)
    } else if (!acknowledges) {
      entry.writes.open++
      const receipt = newReceipt(step, { kind: 'entry', connection, user: recipient.user, entry })
      const { frames } = entry
      step.effects.push({ kind: 'send', connection, message: { kind: 'deliver', connection, receipt, frames } })
    }
  }
}

/** A run was written to a session that does not acknowledge, or never will be. */
export function entryWritten(step: Step, { user, entry }: EntryReceipt, isCompleted: boolean): void {
  const { inbox } = step.state
  entry.writes.open--
  entry.writes.isWritten ||= isCompleted
  if (isCompleted && entry.place.kind !== 'held') {
    step.effects.push({ kind: 'noteWritten', user, epoch: inbox.epoch, seq: entry.seq + entry.count - 1 })
  }
  const recipient = inbox.recipients.get(user)
  if (recipient === undefined) return
  settle(step, recipient, entry)
  tidy(step, recipient)
}

/** The store has said whether there is such a user: what waited for that goes on, or is refused. Gives false when nothing did. */
export function recipientFound(step: Step, user: string, problem: ErrorCode | undefined): boolean {
  const { inbox } = step.state
  const recipient = inbox.recipients.get(user)
  if (recipient?.existence !== 'asked') return false
  proveExistence(step, recipient)
  if (problem === undefined) storeHeld(step, recipient)
  else refuseAll(step, recipient, problem)
  return true
}

function refuseAll(step: Step, recipient: Recipient, code: ErrorCode): void {
  const { inbox } = step.state
  for (const entry of recipient.window.entries) refuseRun(step, recipient, entry, code)
  // Nobody was given these numbers.
  recipient.lastUsed = (recipient.window.entries[0]?.seq ?? 1) - 1
  tidy(step, recipient)
  forgetRecipient(inbox, recipient)
}
