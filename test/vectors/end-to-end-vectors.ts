/** The shape of `end-to-end.json`. */

/** What the envelope says around a message. */
export interface EndToEndEnvelope {
  readonly FromUserId: string
  readonly ToUserId: string
  readonly ClientMsgId: string
  readonly CreateTime: number
}

/** A message as it comes to a device, and what the device must make of it. */
export interface EndToEndCase {
  readonly name: string
  readonly valid: boolean
  readonly envelope: EndToEndEnvelope
  /** Keys of `keys.json` that are enrolled for the sender. */
  readonly senderKeys: readonly string[]
  /** The key of `keys.json` that the device has. */
  readonly deviceKey: string
  readonly jws: string
  /** What is inside a valid one. */
  readonly message?: { readonly MsgType: string; readonly Content: string }
  /** Our name for what is wrong. Others need not tell the same things apart. */
  readonly problem?: string
}

/** A good message in all its parts. */
export interface EndToEndParts {
  readonly jwsHeader: string
  readonly jwe: string
  readonly jweHeader: string
  readonly additionalData: string
  readonly contentKey: string
  readonly plaintext: string
}

/** The file. */
export interface EndToEndVectors {
  readonly description: string
  readonly parts: EndToEndParts
  readonly cases: readonly EndToEndCase[]
}
