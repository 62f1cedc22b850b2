/**
 * Gathers messages that are signed by a key into runs, whose signatures cross and are checked as one bundle. Frames are
 * copied: they wait longer than the bytes that they came in. Runs on: the acceptor thread.
 */
import type { RelaySignedMessage, SignedFacts, SignedItem } from '../mailbox/router-messages.ts'
import { SignatureBundleWriter, type SignatureItem } from '../security/signature-bundle.ts'
import type { Connection, Session } from './connection.ts'

/** Messages of one run: more take longer in the pool than others like to wait. */
const messagesMax = 64
/** Bytes of one run, but for one message that is longer. */
const bytesMax = 262_144

/** A message whose signature must be checked. */
export interface SignedMessage {
  readonly to: string
  readonly callbackId: string | undefined
  /** By which a repeat of it is known. */
  readonly messageKey?: Uint8Array | undefined
  /** The whole frame with its true sender, in memory of its own. */
  readonly frame: Buffer
  readonly facts: SignedFacts
  readonly item: SignatureItem
}

/** See the head of the file. */
export class SignedRuns {
  readonly #send: (message: RelaySignedMessage) => void
  readonly #bundle = new SignatureBundleWriter()
  #connection: Connection | undefined
  #session: Session | undefined
  #to = ''
  #items: SignedItem[] = []
  #frames: Buffer[] = []
  #frameBytes = 0

  constructor(send: (message: RelaySignedMessage) => void) {
    this.#send = send
  }

  /** Whether nothing is gathered. */
  isEmpty(): boolean {
    return this.#items.length === 0
  }

  /** Adds a message to the run, after sending the run that it does not continue. */
  add(connection: Connection, session: Session, message: SignedMessage): void {
    const { to, callbackId, messageKey, frame, facts, item } = message
    const isFull = this.#items.length >= messagesMax || this.#frameBytes + this.#bundle.bytes + frame.length > bytesMax
    if (isFull || to !== this.#to || connection !== this.#connection) this.flush()
    this.#connection = connection
    this.#session = session
    this.#to = to
    this.#items.push({ ...facts, callbackId, messageKey, byteCount: frame.length })
    this.#frames.push(frame)
    this.#frameBytes += frame.length
    this.#bundle.add(item)
  }

  /** Packs the signature of a message that goes alone. Nothing may be gathered. */
  bundleOf(item: SignatureItem): Uint8Array {
    this.#bundle.add(item)
    return this.#bundle.take()
  }

  /** Sends what was gathered. */
  flush(): void {
    const connection = this.#connection
    if (connection === undefined || this.#items.length === 0) return
    const frames = this.#frames.length === 1 ? (this.#frames[0] as Buffer) : Buffer.concat(this.#frames)
    const bundle = this.#bundle.take()
    this.#session?.unverified.began(frames.length + bundle.length)
    this.#send({ kind: 'relaySigned', connection: connection.id, to: this.#to, items: this.#items, frames, bundle })
    this.#items = []
    this.#frames = []
    this.#frameBytes = 0
    this.#connection = undefined
    this.#session = undefined
  }
}
