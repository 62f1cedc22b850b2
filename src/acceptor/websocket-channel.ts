/** A WebSocket as a channel: one text message is one body, one binary message a body of the compact codec. Runs on: the acceptor thread. */
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import { jsonToCompact } from '../protocol/compact.ts'
import type { Delimiters } from '../protocol/delimiters.ts'
import type { Channel, ChannelEvents } from './channel.ts'
import { forEachFrame } from './frames.ts'
import { type Seal, SealedForm } from './sealed-form.ts'
import { TextMessageForm } from './text-message-form.ts'
import { CompactForm, type FormSink, frameOfCompact, frameOfText, prefixed } from './wire-form.ts'

/** WebSocket close code "normal closure" (RFC 6455, section 7.4.1): the reason was told in a message before. */
const normalClosure = 1000
/** WebSocket close code "message too big". */
const messageTooBig = 1009
/** A message up to so many times the limit is still read to its end and answered; a longer one ends the connection. */
export const gatheredPerBody = 4
/** A control frame: a header of 2 bytes, a mask of 4, and at most 125 (RFC 6455, section 5.5). */
const controlFrameBytesMax = 131
/** A record of the most plaintext in base64, and some: limits on messages may be lower than that. */
export const sealedMessageBytesMax = 98_304
const noBytes: Buffer = Buffer.alloc(0)
/** One read of the socket and the WebSocket's own headers. */
const gatheredSlackBytes = 66_000

/** See the head of the file. */
export class WebSocketChannel implements Channel {
  readonly listener = 'ws'
  readonly address: string
  #bodyBytesMax: number
  #sealed: SealedForm | undefined
  readonly #webSocket: WebSocket
  readonly #socket: Duplex
  readonly #delimiters: Delimiters
  readonly #events: ChannelEvents
  readonly #written: (error?: Error) => void
  #gatheredBytes = 0
  #closeCode = normalClosure
  #isCompact: boolean | undefined

  constructor(
    webSocket: WebSocket,
    options: { socket: Duplex; address: string; delimiters: Delimiters; bodyBytesMax: number },
    events: ChannelEvents,
  ) {
    this.#webSocket = webSocket
    this.#socket = options.socket
    this.#delimiters = options.delimiters
    this.#events = events
    this.address = options.address
    this.#bodyBytesMax = options.bodyBytesMax
    this.#written = (error) => {
      // The peer has begun to close: nothing reaches it any more.
      if (error) webSocket.terminate()
      // A write that was cut short comes back without an error.
      else if (!options.socket.destroyed) events.written()
    }
    let failed = false
    // Counts what the library gathers for a message that is not whole yet: before login that is little.
    options.socket.on('data', (chunk: Buffer) => this.#onBytes(chunk.length))
    webSocket.on('message', (data: Buffer, isBinary: boolean) => this.#onMessage(data, isBinary))
    // A peer that only pings for days gathers nothing.
    webSocket.on('ping', () => this.#onControlFrame())
    webSocket.on('pong', () => this.#onControlFrame())
    webSocket.on('error', () => {
      failed = true
    })
    webSocket.on('close', () => events.closed(failed ? 'lost' : 'peer'))
  }

  get bodyBytesMax(): number {
    return this.#bodyBytesMax
  }

  set bodyBytesMax(bytes: number) {
    this.#bodyBytesMax = bytes
    if (this.#sealed !== undefined) this.#sealed.bodyBytesMax = bytes
  }

  #onBytes(byteCount: number): void {
    this.#gatheredBytes += byteCount
    const wholeBytesMax = Math.max(
      this.#bodyBytesMax * gatheredPerBody,
      this.#sealed === undefined ? 0 : sealedMessageBytesMax,
    )
    if (this.#gatheredBytes > wholeBytesMax + gatheredSlackBytes) {
      this.#closeCode = messageTooBig
      this.#events.overrun()
    }
  }

  /** Control frames may stand between the fragments of a message: they take back their own bytes only. */
  #onControlFrame(): void {
    this.#gatheredBytes = Math.max(0, this.#gatheredBytes - controlFrameBytesMax)
  }

  #onMessage(data: Buffer, isBinary: boolean): void {
    this.#gatheredBytes = 0
    // The first message decides which form the server's own messages have.
    this.#isCompact ??= isBinary
    if (this.#sealed !== undefined)
      this.#events.received(this.#recordFrame(isBinary === this.#isCompact ? data : noBytes))
    else this.#events.received(isBinary ? frameOfCompact(this.#delimiters, data) : frameOfText(this.#delimiters, data))
  }

  /** A message with a record, as a stream would bring it. */
  #recordFrame(data: Buffer): Buffer {
    return this.#isCompact === true ? prefixed(data) : frameOfText(this.#delimiters, data)
  }

  /** A chunk is one or more whole messages, each between delimiters, and with none inside. */
  read(chunk: Buffer, sink: FormSink): number {
    if (this.#sealed !== undefined) return this.#sealed.read(chunk, sink)
    let at = 0
    while (at < chunk.length) {
      const end = chunk.indexOf(this.#delimiters.end, at + 1)
      if (end === -1) throw new Error('messages must be framed as a whole')
      const next = end + 1
      let goOn = true
      if (end - at - 1 > this.#bodyBytesMax) sink.tooLarge()
      else goOn = sink.frame(chunk, at + 1, end)
      at = next
      if (!goOn) break
    }
    return at
  }

  write(frames: Buffer): void {
    // One write to the socket, however many messages.
    this.#socket.cork()
    if (this.#sealed === undefined) this.#writePlain(frames)
    else this.#writeRecords(this.#sealed.seal(frames))
    this.#socket.uncork()
  }

  #writeRecords(records: readonly Buffer[]): void {
    for (const [index, record] of records.entries()) {
      this.#sendRecord(record, index === records.length - 1 ? this.#written : undefined)
    }
  }

  #sendRecord(record: Buffer, written?: (error?: Error) => void): void {
    const binary = this.#isCompact === true
    this.#webSocket.send(binary ? record : record.toString('base64'), { binary }, written)
  }

  #writePlain(frames: Buffer): void {
    let last = 0
    forEachFrame(frames, this.#delimiters, () => {
      last++
    })
    forEachFrame(frames, this.#delimiters, (start, end) => {
      const isLast = --last === 0
      this.#webSocket.send(
        this.#isCompact === true ? jsonToCompact(frames.toString('utf8', start, end)) : frames.subarray(start, end),
        { binary: this.#isCompact === true },
        isLast ? this.#written : undefined,
      )
    })
  }

  writeText(body: Uint8Array): number {
    this.#webSocket.send(body, { binary: this.#isCompact === true })
    return body.length
  }

  seal(seal: Seal): void {
    const options = { delimiters: this.#delimiters, bodyBytesMax: this.#bodyBytesMax }
    const inner = this.#isCompact === true ? new CompactForm(options) : new TextMessageForm(options)
    this.#sealed = new SealedForm(inner, this.#delimiters, seal)
  }

  ping(): void {
    this.#webSocket.ping()
  }

  pause(): void {
    this.#webSocket.pause()
  }

  resume(): void {
    this.#webSocket.resume()
  }

  end(): void {
    const goodbye = this.#sealed?.goodbyeRecord()
    if (goodbye !== undefined) this.#sendRecord(goodbye)
    this.#webSocket.close(this.#closeCode)
  }

  destroy(): void {
    this.#webSocket.terminate()
  }
}
