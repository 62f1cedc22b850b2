/**
 * The acceptor's way to the router: writes into the ring, and keeps what found it full until there is space.
 * It grows by what is already under way only: whoever sends first asks `isBlocked` and stops reading its
 * socket, so at most one message a connection is owed, besides notices of ends and receipts.
 */
import type { Mailbox } from '../mailbox/mailbox.ts'
import type { RingWriter } from '../mailbox/ring.ts'
import { type RelayRun, writeRelay, writeRouterMessage } from '../mailbox/router-codec.ts'
import type { AcceptorEvent, RelayMessage, RouterMessage } from '../mailbox/router-messages.ts'

/** See the head of the file. */
export class RouterLink {
  readonly #mailbox: Pick<Mailbox, 'publish' | 'waitForSpace'> & { readonly outbox: RingWriter }
  #owed: ((writer: RingWriter) => boolean)[] = []
  /** Events that were dropped because the ring was full: logs and counters must not hold up messages. */
  #droppedEvents = 0

  constructor(mailbox: Pick<Mailbox, 'publish' | 'waitForSpace'> & { readonly outbox: RingWriter }) {
    this.#mailbox = mailbox
  }

  /** Whether something is owed: then nothing new should be read. */
  isBlocked(): boolean {
    return this.#owed.length > 0
  }

  droppedEvents(): number {
    return this.#droppedEvents
  }

  /** Sends a run of frames; when the ring is full the run is copied and owed. */
  relay(run: RelayRun): void {
    if (this.#owed.length === 0 && writeRelay(this.#mailbox.outbox, run)) return
    const frames = Buffer.from(run.bytes.subarray(run.start, run.end))
    const kept: RelayRun = { ...run, bytes: frames, start: 0, end: frames.length }
    this.#owe((writer) => writeRelay(writer, kept))
  }

  send(message: Exclude<RouterMessage, RelayMessage>): void {
    if (this.#owed.length === 0 && writeRouterMessage(this.#mailbox.outbox, message)) return
    this.#owe((writer) => writeRouterMessage(writer, message))
  }

  /** Sends an event, or drops it when the ring is full. */
  event(event: AcceptorEvent): void {
    if (this.#owed.length > 0 || !writeRouterMessage(this.#mailbox.outbox, { kind: 'event', event })) {
      this.#droppedEvents++
    }
  }

  /** Shows the router what was sent. */
  publish(): void {
    this.#mailbox.publish()
  }

  /** Sends what is owed, as far as there is space. Gives true when nothing is owed any more. */
  settle(): boolean {
    let sent = 0
    for (const write of this.#owed) {
      if (!write(this.#mailbox.outbox)) break
      sent++
    }
    this.#owed = this.#owed.slice(sent)
    if (this.#owed.length > 0) this.#mailbox.waitForSpace()
    else this.#mailbox.publish()
    return this.#owed.length === 0
  }

  #owe(write: (writer: RingWriter) => boolean): void {
    this.#owed.push(write)
    if (this.#owed.length === 1) this.#mailbox.waitForSpace()
  }
}
