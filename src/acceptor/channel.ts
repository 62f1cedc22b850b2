/** A channel: one peer's byte stream or message stream, with everything that is particular to its transport behind it. */
import type { Seal } from './sealed-form.ts'
import type { FormSink } from './wire-form.ts'

/** What a channel reports; set once by its owner. */
export interface ChannelEvents {
  /** Something came in. Hand it to `read`, now or later. */
  received(chunk: Buffer): void
  /** So much came of one message that the connection must end; may be called again. */
  overrun(): void
  /** The write begun last has completed. A write that fails is followed by `closed` alone. */
  written(): void
  /** The peer has ended or the socket failed; nothing follows. */
  closed(how: 'peer' | 'lost'): void
}

/** See the head of the file. Frames inside the server are START body END with bodies in UTF-8. */
export interface Channel {
  readonly listener: 'tcp' | 'ws'
  /** The peer's address as the socket has it. */
  readonly address: string
  /** The longest body that `read` takes. */
  bodyBytesMax: number
  /** Gives the frames of a chunk to the sink; returns the bytes consumed, which are fewer when the sink said stop. */
  read(chunk: Buffer, sink: FormSink): number
  /** Writes whole frames. One at a time: the next after `written`. The bytes belong to the channel until then. */
  write(frames: Buffer): void
  /** Writes the body of a handshake's frame, ASCII JSON, at once and as it is. Gives the bytes that it took. */
  writeText(body: Uint8Array): number
  /** Seals all that is read and written from now on. */
  seal(seal: Seal): void
  /** Asks the peer's transport for a sign of life, where it has such a thing. */
  ping(): void
  pause(): void
  resume(): void
  /** Ends the stream after what was written; a sealed one is told so in a last record. */
  end(): void
  /** Cuts the connection. */
  destroy(): void
}
