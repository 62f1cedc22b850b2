/**
 * The sending side of a mailbox, with a place for what finds the ring full. It grows by what is under way only:
 * whoever produces messages asks `isBlocked` first and takes in nothing new while something is owed.
 */
import type { Mailbox } from './mailbox.ts'
import type { RingWriter } from './ring.ts'

/** Writes one message; false when the ring is full. */
export type Write = (writer: RingWriter) => boolean

/** The part of a mailbox that a sender needs. */
export type Outbox = Pick<Mailbox, 'publish' | 'waitForSpace' | 'outbox'>

/** See the head of the file. */
export class Sender {
  readonly #mailbox: Outbox
  #owed: Write[] = []

  constructor(mailbox: Outbox) {
    this.#mailbox = mailbox
  }

  /** Whether something is owed. */
  isBlocked(): boolean {
    return this.#owed.length > 0
  }

  /** Bytes that are free in the ring; 0 while something is owed. */
  freeBytes(): number {
    return this.#owed.length > 0 ? 0 : this.#mailbox.outbox.freeBytes()
  }

  /** Writes at once if there is space and nothing is owed before it. False: use `owe`, or drop the message. */
  tryWrite(write: Write): boolean {
    return this.#owed.length === 0 && write(this.#mailbox.outbox)
  }

  /** Keeps a message until there is space. What it refers to must not change. */
  owe(write: Write): void {
    this.#owed.push(write)
    if (this.#owed.length === 1) this.#mailbox.waitForSpace()
  }

  /** Writes what is owed, as far as there is space. Gives true when nothing is owed any more. */
  settle(): boolean {
    let written = 0
    for (const write of this.#owed) {
      if (!write(this.#mailbox.outbox)) break
      written++
    }
    this.#owed = this.#owed.slice(written)
    if (this.#owed.length > 0) this.#mailbox.waitForSpace()
    else this.#mailbox.publish()
    return this.#owed.length === 0
  }

  /** Asks for the `space` signal of the mailbox although nothing is owed. */
  waitForSpace(): void {
    this.#mailbox.waitForSpace()
  }

  /** Shows the other thread what was written. */
  publish(): void {
    this.#mailbox.publish()
  }
}
