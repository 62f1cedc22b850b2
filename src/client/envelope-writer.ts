/** Writes the envelopes of one client: its name where it helps, the time, and ids that nobody else has. */
import { writeEnvelope } from '../protocol/envelope.ts'

/** The addresses of an envelope. */
export interface OutgoingFields {
  /** Absent: to the server. */
  readonly to?: string | undefined
  /** Absent: no answer is asked for. */
  readonly callbackId?: string | undefined
}

/** See the head of the file. */
export class EnvelopeWriter {
  /** The user who is logged in. */
  userId: string | undefined
  readonly #idPrefix = randomPrefix()
  #idCount = 0

  /** A `CallbackID` that no other client has, nor any peer guesses. */
  nextId(): string {
    return this.#idPrefix + (++this.#idCount).toString(36)
  }

  /** Writes an envelope as JSON text; `content` is the entity. */
  write(msgType: string, content: unknown, fields: OutgoingFields = {}): string {
    const { to, callbackId } = fields
    return writeEnvelope(
      {
        ...(to === undefined ? {} : { ToUserId: to }),
        // A message that has its sender's name in it already is passed on by the server as it is.
        ...(to === undefined || this.userId === undefined ? {} : { FromUserId: this.userId }),
        MsgType: msgType,
        CreateTime: Math.floor(Date.now() / 1000),
        ...(callbackId === undefined ? {} : { CallbackID: callbackId }),
      },
      content,
    )
  }
}

/** The content of the command that turns presence events on or off. */
export function presenceCommand(on: boolean): { readonly Command: string; readonly Data: { readonly On: boolean } } {
  return { Command: 'presence', Data: { On: on } }
}

function randomPrefix(): string {
  const bytes = globalThis.crypto.getRandomValues(new Uint8Array(8))
  return `${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}-`
}
