/** The envelope: the one shape of every message, and how the server and the SDK write it. */

/** An envelope as JSON has it; names and spelling are the wire's. */
export interface Envelope {
  readonly ToUserId?: string
  readonly FromUserId?: string
  readonly MsgType: string
  /** Unix time in seconds, the sender's claim. */
  readonly CreateTime?: number
  /** The entity as JSON text. */
  readonly Content?: string
  readonly CallbackID?: string
  readonly ClientMsgId?: string
  readonly MsgId?: string
  readonly Seq?: number
  readonly Epoch?: string
  readonly ServerTime?: number
  readonly Volatile?: boolean
  readonly Sign?: unknown
}

/** The names that are the protocol's own. A key that equals one of them but for case is refused. */
export const envelopeFields = [
  'ToUserId',
  'FromUserId',
  'MsgType',
  'CreateTime',
  'Content',
  'CallbackID',
  'ClientMsgId',
  'MsgId',
  'Seq',
  'Epoch',
  'ServerTime',
  'Volatile',
  'Sign',
] as const
export type EnvelopeField = (typeof envelopeFields)[number]

/** Limits on an envelope, in the units that the names say. */
export const envelopeLimits = {
  /** Members of the envelope itself. */
  keysMax: 64,
  /** Levels of values in fields that the protocol does not know. */
  unknownDepthMax: 16,
  /** The longest name of a field. */
  keyBytesMax: 128,
  /** The longest `MsgType`. */
  msgTypeBytesMax: 64,
  /** The longest `CallbackID`. */
  callbackIdBytesMax: 128,
  /** The longest `ClientMsgId`. */
  clientMsgIdBytesMax: 128,
} as const

/** Writes an envelope as JSON text. `content` is an entity, written as the JSON text that `Content` holds. */
export function writeEnvelope(fields: Omit<Envelope, 'Content'>, content: unknown): string {
  return JSON.stringify({ ...fields, Content: JSON.stringify(content) })
}
