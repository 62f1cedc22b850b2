/**
 * The router's way to one acceptor. The router takes in nothing new while a link lacks credit, so what one event
 * causes is all that can ever be owed. Runs on: the main thread.
 */
import { writeAcceptorMessage } from '../mailbox/acceptor-codec.ts'
import type { AcceptorMessage } from '../mailbox/acceptor-messages.ts'
import { type Outbox, Sender } from '../mailbox/sender.ts'

/** Free bytes below which the router takes nothing new in: most events then never find the ring full. */
const creditBytes = 2 ** 20

/** See the head of the file. */
export class AcceptorLink {
  readonly #sender: Sender

  constructor(mailbox: Outbox) {
    this.#sender = new Sender(mailbox)
  }

  /** Whether another event may be taken in. */
  hasCredit(): boolean {
    return this.#sender.freeBytes() >= creditBytes
  }

  /** Sends a message; when the ring is full its bytes are copied and owed. */
  send(message: AcceptorMessage): void {
    if (this.#sender.tryWrite((writer) => writeAcceptorMessage(writer, message))) return
    const kept: AcceptorMessage = 'frames' in message ? { ...message, frames: Buffer.from(message.frames) } : message
    this.#sender.owe((writer) => writeAcceptorMessage(writer, kept))
  }

  /** Shows the acceptor what was sent. */
  publish(): void {
    this.#sender.publish()
  }

  /** Asks to be told when there is space. */
  waitForCredit(): void {
    this.#sender.waitForSpace()
  }

  /** The ring has space again: sends what is owed. */
  settle(): void {
    this.#sender.settle()
  }
}
