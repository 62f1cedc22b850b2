/** The shape of `signatures.json`. */
import type { KeySign, SessionSign } from '../../src/security/message-signature.ts'
import type { WeChatSign } from '../../src/security/wechat.ts'

/** What of an envelope is signed, under the wire's names. */
export interface WireFields {
  readonly FromUserId: string
  readonly ToUserId: string
  readonly ClientMsgId?: string
  readonly CreateTime?: number
  readonly MsgType: string
  readonly Content: string
}

interface Case {
  readonly name: string
  readonly valid: boolean
}

/** A signature by PS256 or RS256. */
export interface KeyCase extends Case {
  /** The key of `keys.json` to verify with. */
  readonly key: string
  readonly fields: WireFields
  readonly contentSha256: string
  readonly text: string
  readonly sign: KeySign
}

/** A MAC by HS256. */
export interface SessionCase extends Case {
  readonly signingKey: string
  readonly fields: WireFields
  readonly text: string
  readonly macText: string
  readonly sign: SessionSign
}

/** A signature of WeChat's. */
export interface WeChatCase extends Case {
  readonly token: string
  /** What is hashed. */
  readonly hashed: string
  readonly sign: WeChatSign
}

/** The file. */
export interface SignatureVectors {
  readonly description: string
  readonly thumbprints: Readonly<Record<string, string>>
  readonly keySignatures: readonly KeyCase[]
  readonly sessionSignatures: readonly SessionCase[]
  readonly weChat: readonly WeChatCase[]
}
