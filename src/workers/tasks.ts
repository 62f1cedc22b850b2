/** What crosses between the pool's owner and its threads: batches of items of one lane, and one result an item. */
import type { RsaPublicJwk } from '../security/jwk.ts'
import type { ServerExchangeInput, ServerExchangeResult } from '../security/server-handshake.ts'
import type { SuiteNumber } from '../security/suites.ts'
import type { PasswordCost } from './password.ts'

/** Work for the lane `passwords`. */
export type PasswordTask =
  | { readonly kind: 'hash'; readonly password: string; readonly cost: PasswordCost }
  /** With `upgradeTo`, a right password whose hash has another cost is hashed anew. */
  | {
      readonly kind: 'verify'
      readonly password: string
      readonly hash: string
      readonly upgradeTo: PasswordCost | undefined
    }

/** What came of a {@link PasswordTask}. */
export interface PasswordResult {
  /** For `verify`: whether it is the password. True for `hash`. */
  readonly matches: boolean
  /** A new hash: always for `hash`; for `verify` when there is a better one to store. */
  readonly hash: string | undefined
}

/** Work for the lane `signatures`. */
export type SignatureTask =
  /** Signatures of messages: a bundle of `security/signature-bundle.ts`. */
  | { readonly kind: 'bundle'; readonly bytes: Uint8Array }
  /** Signatures over single texts. */
  | { readonly kind: 'texts'; readonly items: readonly SignedTextItem[] }

/** A signature over a text. */
export interface SignedTextItem {
  /** Of the key, as in its JWK. */
  readonly modulus: string
  readonly text: Uint8Array
  /** In base64url, from the wire: `PS256`. */
  readonly signature: string
  /** It may be `RS256` as well. */
  readonly allowsRs256?: boolean
}

/** What came of a {@link SignatureTask}: a byte for each signature, 1 for a good one. */
export type SignatureResult = Uint8Array

/** Work for the lane `keyExchange`. */
export type KeyExchangeTask =
  /** Answers a client's part of a handshake. */
  | ({ readonly kind: 'answer' } & ServerExchangeInput)
  /** Checks a client's signature over the transcript. */
  | {
      readonly kind: 'prove'
      readonly suite: SuiteNumber
      readonly clientKey: RsaPublicJwk
      readonly transcriptHash: Uint8Array
      readonly signature: Uint8Array
    }

/** What came of a {@link KeyExchangeTask}. */
export type KeyExchangeResult =
  | { readonly kind: 'answer'; readonly answer: ServerExchangeResult }
  | { readonly kind: 'proof'; readonly isRight: boolean }

/** The lanes, with what an item of each takes and gives. The key exchange and signatures get theirs beside it. */
export interface Lanes {
  passwords: { take: PasswordTask; give: PasswordResult }
  keyExchange: { take: KeyExchangeTask; give: KeyExchangeResult }
  signatures: { take: SignatureTask; give: SignatureResult }
}

/** The name of a lane. */
export type LaneName = keyof Lanes

/** A batch: items of one lane for one hop to a thread. */
export interface TaskBatch<Name extends LaneName = LaneName> {
  readonly lane: Name
  readonly items: readonly Lanes[Name]['take'][]
}

/** Why an item has no value. */
export type ItemErrorCode =
  /** Its lane's queue is full, or the pool is closed: nothing was done. */
  | 'server_busy'
  /** Taken back by its signal: nothing was done. */
  | 'aborted'
  /** Its handler threw. */
  | 'item_failed'
  /** It ended the thread, or ran past its deadline, also when it was alone. */
  | 'worker_lost'

/** What became of one item. */
export type ItemResult<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: { readonly code: ItemErrorCode; readonly message: string } }

/** How the items of each lane are done, one by one, in a pool thread. */
export type LaneHandlers = { readonly [Name in LaneName]: (take: Lanes[Name]['take']) => Lanes[Name]['give'] }
