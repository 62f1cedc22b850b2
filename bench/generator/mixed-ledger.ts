/**
 * The books of a mixed work: who sent what to whom in which session, and what became of it. People come and go, so
 * that a message may rightly not arrive: when the sender was told so, or when one side left while it was under
 * way. Everything else that does not arrive once, in order, at the right place is a fault. Pure.
 */
import type { Arrivals } from '../verifier.ts'

/** What a sender is told of a message. */
export type Answer = 'sent' | 'rejected'

/** A message that goes out. Sessions are counted for each user; undefined is somebody who is away. */
export interface Sending {
  readonly sender: number
  readonly sequence: number
  readonly receiver: number
  readonly atMs: number
  readonly senderSession: number
  readonly receiverSession: number | undefined
}

/** Sessions of now, for the closing of the books. */
export type SessionOf = (user: number) => number | undefined

/** What came of everything. */
export interface Balance {
  readonly arrivals: Arrivals
  /** Messages that had to arrive. */
  readonly due: number
  /** Told to their sender: the receiver was away. */
  readonly rejected: number
  /** Did not arrive, and one side left while they were under way. */
  readonly inDoubt: number
  /** Rejected, although the receiver was there all the time; or rejected, and arrived all the same. */
  readonly wronglyRejected: number
  /** Without an answer, although the sender was there all the time. */
  readonly unanswered: number
}

interface Entry extends Sending {
  arrived: boolean
  answer: Answer | undefined
}

/** See the head of the file. */
export class MixedLedger {
  readonly #entries = new Map<number, Entry>()
  /** Of each receiver, the last number that arrived from each sender. */
  readonly #last = new Map<number, number>()
  #arrived = 0
  #doubled = 0
  #disordered = 0
  #foreign = 0
  #settled = 0

  /** Messages that arrived, or whose sender was told that they do not, and that were answered. */
  get settled(): number {
    return this.#settled
  }

  /** Notes a message that goes out. */
  send(sending: Sending): void {
    this.#entries.set(keyOf(sending), { ...sending, arrived: false, answer: undefined })
  }

  /** Notes an arrival; gives the moment of the sending when it is the first time and the right place. */
  arrive(arrival: { sender: number; sequence: number; receiver: number }): number | undefined {
    const entry = this.#entries.get(keyOf(arrival))
    if (entry === undefined || entry.receiver !== arrival.receiver) {
      this.#foreign++
      return undefined
    }
    if (entry.arrived) {
      this.#doubled++
      return undefined
    }
    entry.arrived = true
    this.#arrived++
    const stream = arrival.receiver * usersMax + arrival.sender
    if (arrival.sequence < (this.#last.get(stream) ?? -1)) this.#disordered++
    else this.#last.set(stream, arrival.sequence)
    if (entry.answer !== undefined) this.#settled++
    return entry.atMs
  }

  /** Notes a text that is none of ours. */
  arriveForeign(): void {
    this.#foreign++
  }

  /** Notes what a sender was told; says whether there was such a question. */
  answer(answered: { sender: number; sequence: number; answer: Answer }): boolean {
    const entry = this.#entries.get(keyOf(answered))
    if (entry === undefined || entry.answer !== undefined) return false
    entry.answer = answered.answer
    if (entry.arrived || answered.answer === 'rejected') this.#settled++
    return true
  }

  /** How many can still be settled, as sessions are now. */
  expected(sessionOf: SessionOf): number {
    let count = 0
    for (const entry of this.#entries.values()) {
      if (isSettled(entry) || !mayBeLost(entry, sessionOf)) count++
    }
    return count
  }

  /** Closes the books. */
  balance(sessionOf: SessionOf): Balance {
    const sums = { due: 0, rejected: 0, inDoubt: 0, wronglyRejected: 0, unanswered: 0 }
    for (const entry of this.#entries.values()) {
      const isSenderThere = sessionOf(entry.sender) === entry.senderSession
      if (entry.answer === undefined && isSenderThere) sums.unanswered++
      if (entry.answer === 'rejected') {
        if (entry.arrived || isReceiverThere(entry, sessionOf)) sums.wronglyRejected++
        else sums.rejected++
        if (entry.arrived) sums.due++
      } else if (entry.arrived || !mayBeLost(entry, sessionOf)) sums.due++
      else sums.inDoubt++
    }
    const arrivals = {
      arrived: this.#arrived,
      doubled: this.#doubled,
      disordered: this.#disordered,
      foreign: this.#foreign,
    }
    return { arrivals, ...sums }
  }
}

/** User numbers have five digits in a mark. */
const usersMax = 100_000
const sequencesMax = 10_000_000_000

function keyOf(message: { sender: number; sequence: number }): number {
  return message.sender * sequencesMax + message.sequence
}

function isSettled(entry: Entry): boolean {
  return entry.answer !== undefined && (entry.arrived || entry.answer === 'rejected')
}

/** Whether one side left while it was under way, or the receiver was not there. */
function mayBeLost(entry: Entry, sessionOf: SessionOf): boolean {
  if (!isReceiverThere(entry, sessionOf)) return true
  // Told to be sent, it has to arrive; without an answer it may never have been read before the sender left.
  return entry.answer !== 'sent' && sessionOf(entry.sender) !== entry.senderSession
}

function isReceiverThere(entry: Entry, sessionOf: SessionOf): boolean {
  return entry.receiverSession !== undefined && sessionOf(entry.receiver) === entry.receiverSession
}
