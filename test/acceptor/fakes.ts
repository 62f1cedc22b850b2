/** Stand-ins for what surrounds a connection: a channel without a socket, a session, a connection in a state. */
import type { Channel } from '../../src/acceptor/channel.ts'
import { Connection, type ConnectionState, type Session } from '../../src/acceptor/connection.ts'
import { frameOfBody } from '../../src/acceptor/frames.ts'
import { LearnedShape } from '../../src/acceptor/learned-shape.ts'
import { MessageKeys } from '../../src/acceptor/message-keys.ts'
import type { SignatureOptions } from '../../src/acceptor/options.ts'
import { TokenBucket } from '../../src/acceptor/token-bucket.ts'
import { Unverified } from '../../src/acceptor/unverified.ts'
import type { FormSink } from '../../src/acceptor/wire-form.ts'
import { DelimitedSplitter } from '../../src/protocol/delimited-splitter.ts'
import { receiverTag } from '../../src/security/message-id.ts'

export const delimiters = { start: 0x02, end: 0x03 }

/** See the head of the file. */
export class FakeChannel implements Channel {
  readonly listener = 'tcp'
  readonly address = '192.0.2.1'
  readonly calls: string[] = []
  readonly #splitter = new DelimitedSplitter(delimiters, 8192)

  get bodyBytesMax(): number {
    return this.#splitter.bodyBytesMax
  }

  set bodyBytesMax(bytes: number) {
    this.#splitter.bodyBytesMax = bytes
  }

  read(chunk: Buffer, sink: FormSink): number {
    return this.#splitter.push(chunk, sink)
  }

  write(frames: Buffer): void {
    this.calls.push(`write ${frames.length}`)
  }

  writeText(body: Uint8Array): number {
    this.calls.push(`text ${Buffer.from(body).toString('latin1')}`)
    return body.length
  }

  seal(): void {
    this.calls.push('seal')
  }

  ping(): void {
    this.calls.push('ping')
  }

  pause(): void {
    this.calls.push('pause')
  }

  resume(): void {
    this.calls.push('resume')
  }

  end(): void {
    this.calls.push('end')
  }

  destroy(): void {
    this.calls.push('destroy')
  }
}

/** Signed messages are checked, and need not be signed. */
export const signatureOptions: SignatureOptions = {
  requiresSigning: false,
  allowsRs256: false,
  weChatToken: undefined,
  replays: { windowS: 300, userIdsMax: 100, idsMax: 1000 },
}

/** The keys of messages of a user. */
export function messageKeysOf(user: string): MessageKeys {
  return new MessageKeys(Buffer.alloc(32, 7), user)
}

/** A session of a user. */
export function sessionOf(user: string, messagesPerSecond = 0): Session {
  return {
    user,
    name: Buffer.from(user, 'utf8'),
    nameJson: Buffer.from(JSON.stringify(user), 'utf8'),
    senderMember: Buffer.from(`"FromUserId":${JSON.stringify(user)},`, 'utf8'),
    bucket: new TokenBucket(messagesPerSecond, 0),
    messageKeys: messageKeysOf(user),
    tag: receiverTag(user),
    shape: new LearnedShape(),
    policies: { signedOnly: false, endToEnd: 'allow' },
    keys: new Map(),
    unverified: new Unverified(),
    sealed: undefined,
    watches: false,
  }
}

/** A connection in a state. */
export function connectionIn(state: ConnectionState, channel: Channel = new FakeChannel()): Connection {
  return new Connection({ id: 7, channel, addressKey: '192.0.2.1', state, now: 0 })
}

/** The frame of an envelope; `Content` may be given as an entity. */
export function frameOf(envelope: { readonly [key: string]: unknown }): Buffer {
  const { Content, ...fields } = envelope
  const content = Content === undefined || typeof Content === 'string' ? Content : JSON.stringify(Content)
  return frameOfText(JSON.stringify(content === undefined ? fields : { ...fields, Content: content }))
}

export function frameOfText(body: string): Buffer {
  return frameOfBody(delimiters, Buffer.from(body, 'utf8'))
}

/** The bodies of whole frames, parsed. */
export function bodiesIn(frames: Uint8Array): { readonly [key: string]: unknown }[] {
  return Buffer.from(frames)
    .toString('utf8')
    .split('\u0003')
    .filter((frame) => frame !== '')
    .map((frame) => {
      if (!frame.startsWith('\u0002')) throw new Error(`not a frame: ${JSON.stringify(frame)}`)
      return JSON.parse(frame.slice(1)) as { readonly [key: string]: unknown }
    })
}
