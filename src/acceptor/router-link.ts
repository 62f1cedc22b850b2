/**
 * The acceptor's way to the router. While it is blocked no socket is read, so at most one message a connection
 * is owed, besides notices of ends and receipts. Runs on: the acceptor thread.
 */
import { type RelayRun, writeAcknowledged, writeRelay, writeRouterMessage } from '../mailbox/router-codec.ts'
import type { AcceptorEvent, AcknowledgedMessage, RelayMessage, RouterMessage } from '../mailbox/router-messages.ts'
import { type Outbox, Sender } from '../mailbox/sender.ts'

/** See the head of the file. */
export class RouterLink {
  readonly #sender: Sender
  /** Events that were dropped because the ring was full: logs and counters must not hold up messages. */
  #droppedEvents = 0

  constructor(mailbox: Outbox) {
    this.#sender = new Sender(mailbox)
  }

  /** Whether something is owed: then nothing new should be read. */
  isBlocked(): boolean {
    return this.#sender.isBlocked()
  }

  droppedEvents(): number {
    return this.#droppedEvents
  }

  /** Sends a run of frames; when the ring is full the run is copied and owed. */
  relay(run: RelayRun): void {
    if (this.#sender.tryWrite((writer) => writeRelay(writer, run))) return
    const frames = Buffer.from(run.bytes.subarray(run.start, run.end))
    const to = Buffer.from(run.to.subarray(run.toStart, run.toEnd))
    const keys = run.keys === undefined ? undefined : Buffer.from(run.keys)
    const kept: RelayRun = {
      ...run,
      keys,
      to,
      toStart: 0,
      toEnd: to.length,
      bytes: frames,
      start: 0,
      end: frames.length,
    }
    this.#sender.owe((writer) => writeRelay(writer, kept))
  }

  /** Sends an acknowledgement. */
  acknowledge(message: AcknowledgedMessage): void {
    const write = (writer: Parameters<typeof writeAcknowledged>[0]): boolean => writeAcknowledged(writer, message)
    if (!this.#sender.tryWrite(write)) this.#sender.owe(write)
  }

  send(message: Exclude<RouterMessage, RelayMessage>): void {
    const write = (writer: Parameters<typeof writeRouterMessage>[0]): boolean => writeRouterMessage(writer, message)
    if (!this.#sender.tryWrite(write)) this.#sender.owe(write)
  }

  /** Sends an event, or drops it when the ring is full. */
  event(event: AcceptorEvent): void {
    if (!this.#sender.tryWrite((writer) => writeRouterMessage(writer, { kind: 'event', event }))) this.#droppedEvents++
  }

  /** Shows the router what was sent. */
  publish(): void {
    this.#sender.publish()
  }

  /** Sends what is owed, as far as there is space. Gives true when nothing is owed any more. */
  settle(): boolean {
    return this.#sender.settle()
  }
}
