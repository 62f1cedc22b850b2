/** Writes the envelopes of one client: its name where it helps, the time, and ids that nobody else has. */
import type { MessageFields } from '../security/message-signature.ts'

/** The addresses of an envelope. */
export interface OutgoingFields {
  /** Absent: to the server. */
  readonly to?: string | undefined
  /** Absent: no answer is asked for. */
  readonly callbackId?: string | undefined
  /** By which the receiver recognises repeats; signatures need it. */
  readonly clientMsgId?: string | undefined
  /** Unix time in seconds; else now. */
  readonly createTime?: number | undefined
  /** Never stored by the server. */
  readonly isVolatile?: boolean | undefined
  /** Gives the field `Sign` for what is written. */
  readonly sign?: ((message: MessageFields) => object) | undefined
}

/** See the head of the file. */
export class EnvelopeWriter {
  /** The user who is logged in. */
  userId: string | undefined
  readonly #idPrefix = `${randomHex(8)}-`
  /** 128 bits: other clients may have written to the same receiver for years. */
  readonly #messageIdPrefix = `${randomHex(16)}-`
  #idCount = 0
  #messageIdCount = 0

  /** A `CallbackID` that no other client has, nor any peer guesses. */
  nextId(): string {
    return this.#idPrefix + (++this.#idCount).toString(36)
  }

  /** A `ClientMsgId` that no other message has. */
  nextMessageId(): string {
    return this.#messageIdPrefix + (++this.#messageIdCount).toString(36)
  }

  /** Writes an envelope as JSON text; `content` is the entity. */
  write(msgType: string, content: unknown, fields: OutgoingFields = {}): string {
    const { to, callbackId, clientMsgId, createTime = Math.floor(Date.now() / 1000), isVolatile, sign } = fields
    const text = JSON.stringify(content)
    const signed = { from: this.userId ?? '', to: to ?? '', clientMsgId, createTime, msgType, content: text }
    return JSON.stringify({
      ...(to === undefined ? {} : { ToUserId: to }),
      // A message that has its sender's name in it already is passed on by the server as it is.
      ...(to === undefined || this.userId === undefined ? {} : { FromUserId: this.userId }),
      MsgType: msgType,
      CreateTime: createTime,
      ...(callbackId === undefined ? {} : { CallbackID: callbackId }),
      ...(clientMsgId === undefined ? {} : { ClientMsgId: clientMsgId }),
      ...(isVolatile ? { Volatile: true } : {}),
      ...(sign === undefined ? {} : { Sign: sign(signed) }),
      Content: text,
    })
  }
}

/** The content of the command that turns presence events on or off. */
export function presenceCommand(on: boolean): { readonly Command: string; readonly Data: { readonly On: boolean } } {
  return { Command: 'presence', Data: { On: on } }
}

function randomHex(count: number): string {
  const bytes = globalThis.crypto.getRandomValues(new Uint8Array(count))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
