/** The way of runs to the store, and what comes back of them. */
import type { AppendFault } from '../../mailbox/inbox-messages.ts'
import { wantsReceipts } from '../receipt-askers.ts'
import type { Step } from '../state.ts'
import { decideGivenUp, journalEntries, settle, tidy } from './outcomes.ts'
import { owesAcknowledgement, type Reader, type Recipient } from './recipient.ts'
import { type Entry, lastSeqOf } from './window.ts'

/** What became of one run, as the store has told. */
export interface StoredRun {
  readonly user: string
  /** The number of its first message. */
  readonly seq: number
  readonly count: number
  /** The frames from the index `from` on were not stored. */
  readonly refused: { readonly from: number; readonly code: AppendFault } | undefined
}

/** Sends all runs to the store that are in memory alone. */
export function storeHeld(step: Step, recipient: Recipient): void {
  if (recipient.existence === 'asked') return
  for (const entry of recipient.window.held()) store(step, recipient, entry)
}

function store(step: Step, recipient: Recipient, entry: Entry): void {
  const { inbox } = step.state
  recipient.window.noteAppended(entry, recipient.appends++)
  recipient.storedTo = { epoch: inbox.epoch, seq: lastSeqOf(entry) }
  inbox.known.add(recipient.user)
  inbox.storingBytes += entry.frames.length
  const { keys, seq, count, frames, from } = entry
  const ids =
    keys === undefined ? nothing : journalEntries(step, entry, keys, { from: 0, until: count, status: 'stored' })
  step.effects.push({
    kind: 'append',
    run: {
      user: recipient.user,
      epoch: inbox.epoch,
      seq,
      count,
      expires: step.now + inbox.options.ttlMs,
      note: from !== undefined && isToBeTold(step, from) ? Buffer.from(from) : nothing,
      ids,
      frames,
    },
  })
}

const nothing = new Uint8Array(0)

/** Whether a sender hears of what becomes of a message later: who asked for it, and whoever's messages may have to make room. */
function isToBeTold(step: Step, sender: string): boolean {
  return step.state.inbox.options.dropsOldest || wantsReceipts(step, sender)
}

/** The store has answered. */
export function runsStored(step: Step, runs: readonly StoredRun[]): void {
  const { inbox } = step.state
  for (const { user, seq, refused } of runs) {
    const recipient = inbox.recipients.get(user)
    const entry = recipient?.window.find(seq)
    if (recipient === undefined || entry?.place.kind !== 'storing') continue
    inbox.storingBytes -= entry.frames.length
    const { order } = entry.place
    recipient.refusal = refused?.code
    recipient.lastUsed = Math.max(recipient.lastUsed, lastUsedOf(entry, refused))
    entry.place = refused === undefined ? { kind: 'stored', order } : { kind: 'refused', order, ...refused }
    decideGivenUp(step, recipient, entry)
    settle(step, recipient, entry)
    tidy(step, recipient)
  }
}

/** The last number of a run that may be in the store; 0: none. Where there was no room there is certainly nothing. */
function lastUsedOf(entry: Entry, refused: StoredRun['refused']): number {
  if (refused === undefined || refused.code === 'storage_failed') return lastSeqOf(entry)
  return refused.from === 0 ? 0 : entry.seq + refused.from - 1
}

/** Tells the store how far a device has come, where the store may be keeping something for it. */
export function noteAcknowledged(step: Step, recipient: Recipient, reader: Reader): void {
  if (!owesAcknowledgement(recipient, reader)) return
  tellAcknowledged(step, recipient, reader)
}

/** Tells the store how far a device has come. */
export function tellAcknowledged(step: Step, { user }: Recipient, reader: Reader): void {
  reader.noted = reader.acknowledged
  step.effects.push({ kind: 'noteAcknowledged', acknowledgement: { user, device: reader.device, ...reader.noted } })
}
