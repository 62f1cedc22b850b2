/** Reads what the server sends: the body of a frame into a message, with checks and without trust. */
import type { Envelope } from '../protocol/envelope.ts'
import { ParleyError } from './errors.ts'

/** A message that has come, with its content parsed. */
export interface IncomingMessage<Content = unknown> {
  /** `MsgType`. */
  readonly type: string
  /** The user who sent it, verified by the server; empty: the server itself. */
  readonly from: string
  /** The entity; the server has checked it where it knows the type, else it is any JSON value. */
  readonly content: Content
  /** Everything as it stood on the wire, fields that this version does not know included. */
  readonly envelope: Envelope
  /** What the check of its signature said; only where signatures are checked (`verifySignatures`). */
  readonly signature?: MessageSignature
  /** That it came end to end, and under which key. What is verified is that key, not only the server's word. */
  readonly endToEnd?: EndToEndOrigin
}

/** What a signature of a message is worth. */
export type MessageSignature =
  | { readonly kind: 'none' }
  /** By a key that is enrolled for the sender. */
  | { readonly kind: 'valid'; readonly thumbprint: string; readonly deviceId: string }
  /** Not by the sender, or not over this message; or it can't be checked, such as one that only the server can. */
  | { readonly kind: 'invalid'; readonly reason: string }

/** Where an end-to-end message came from. */
export interface EndToEndOrigin {
  /** The sender's key, which is enrolled for them. */
  readonly thumbprint: string
  readonly deviceId: string
  /** Whether this person has compared the safety number with the sender, and it is still the same. */
  readonly verified: boolean
}

/**
 * Reads one body.
 *
 * @returns the message, or the error that says what is wrong with it
 */
export function readMessage(body: string): IncomingMessage | ParleyError {
  const envelope = parse(body)
  return isRecord(envelope) ? messageOf(envelope) : bad('is not a JSON object')
}

/** Reads an envelope; see `readMessage`. */
export function messageOf(envelope: Readonly<Record<string, unknown>>): IncomingMessage | ParleyError {
  const { MsgType, FromUserId, ToUserId, CallbackID, Content } = envelope
  if (typeof MsgType !== 'string') return bad('has no MsgType')
  // A sender that is not a string must not pass for the server, which has none.
  if (!isOptionalString(FromUserId)) return bad('has a FromUserId that is no string')
  if (!isOptionalString(ToUserId)) return bad('has a ToUserId that is no string')
  if (!isOptionalString(CallbackID)) return bad('has a CallbackID that is no string')
  if (!isOptionalString(Content)) return bad('has a Content that is no string')
  let content: unknown
  if (Content) {
    content = parse(Content)
    if (content === undefined) return bad('has a Content that is no JSON text', 'bad_content')
  }
  const message = { type: MsgType, from: FromUserId ?? '', content, envelope: envelope as unknown as Envelope }
  return shapeFits(message) ? message : bad(`is a ${MsgType} without the members of one`, 'bad_content')
}

/** Whether a value is a JSON object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The members that handlers of these types rely on. */
function shapeFits({ type, content }: { readonly type: string; readonly content: unknown }): boolean {
  switch (type) {
    case 'TextMsgRequest':
    case 'BroadcastRequest':
      return isRecord(content) && typeof content['Message'] === 'string'
    case 'PresenceEvent':
      return isRecord(content) && typeof content['UserId'] === 'string' && typeof content['Online'] === 'boolean'
    case 'ErrorResponse':
      return isRecord(content) && typeof content['Code'] === 'string'
    case 'KeyEvent':
      return (
        isRecord(content) &&
        ['Kind', 'UserId', 'DeviceId', 'Thumbprint'].every((name) => typeof content[name] === 'string')
      )
    case 'KeyDirectoryResponse':
    case 'AuthResponse':
    case 'CommonResponse':
      return isRecord(content) && typeof content['Success'] === 'boolean'
    default:
      return true
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isOptionalString(value: unknown): value is string | undefined | null {
  return value === undefined || value === null || typeof value === 'string'
}

function bad(what: string, code: 'bad_envelope' | 'bad_content' = 'bad_envelope'): ParleyError {
  return new ParleyError(code, { message: `A message from the server ${what}; it was skipped.` })
}
