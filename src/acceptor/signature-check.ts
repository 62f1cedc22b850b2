/**
 * The check of `Sign`: at once where a MAC or a hash decides, which costs less than a hop; a signature by a key is made
 * ready for the pool. Runs on: the acceptor thread.
 */
import type { SignedFacts } from '../mailbox/router-messages.ts'
import type { EnvelopeReader } from '../protocol/envelope-reader.ts'
import { type Fault, fault } from '../protocol/errors.ts'
import { type JsonLimits, parseJson } from '../protocol/json.ts'
import {
  type MessageFields,
  readSign,
  replayClaimOf,
  type Sign,
  verifySessionMessage,
} from '../security/message-signature.ts'
import { ReplayCache } from '../security/replay-cache.ts'
import type { Secret } from '../security/secret.ts'
import type { SignatureItem } from '../security/signature-bundle.ts'
import { readWeChatToken, verifyWeChat } from '../security/wechat.ts'
import type { Session } from './connection.ts'
import type { SignatureOptions } from './options.ts'

/** What is to be done with a message that has a `Sign`. */
export type SignOutcome =
  | { readonly kind: 'refused'; readonly problem: Fault }
  /** It is right. `coversBody`: nothing of the message could have been changed. */
  | { readonly kind: 'good'; readonly coversBody: boolean }
  /** By a key of the user: the item has yet to be checked, before the reader reads on. */
  | { readonly kind: 'byKey'; readonly item: SignatureItem; readonly facts: SignedFacts }

// A Sign by a key has three members, the others have four. With a limit that fits, a member that stands twice is seen:
// parsers differ on which of them counts.
const keySignLimits: JsonLimits = { depthMax: 1, keysMax: 3 }
const otherSignLimits: JsonLimits = { depthMax: 1, keysMax: 4 }

/** See the head of the file. */
export class SignatureCheck {
  readonly #windowS: number
  readonly #allowsRs256: boolean
  readonly #weChatToken: Secret | undefined
  readonly #replays: ReplayCache

  /** @param replayFloor no MAC of this Unix second or an older one is accepted: a thread before this one may have done so */
  constructor(options: SignatureOptions, replayFloor: number) {
    const { allowsRs256, weChatToken, replays } = options
    this.#windowS = replays.windowS
    this.#allowsRs256 = allowsRs256
    this.#weChatToken = weChatToken === undefined ? undefined : readWeChatToken(weChatToken)
    this.#replays = new ReplayCache(replays, replayFloor)
  }

  /** Checks the message that the reader has just read. `now` is Unix time in seconds. */
  check(session: Session, envelope: EnvelopeReader, now: number): SignOutcome {
    const sign = signOf(envelope.sign() ?? '')
    if (sign === undefined) return bad('Sign does not have the form of a scheme that this server knows.')
    switch (sign.Alg) {
      case 'PS256':
      case 'RS256':
        return this.#byKey(sign, session, envelope, now)
      case 'HS256': {
        const fields = fieldsOf(session, envelope)
        if (session.sealed === undefined) return bad('HS256 is for sealed sessions: this one has no signing key.')
        if (!verifySessionMessage(sign, session.sealed.signingKey, fields)) return bad()
        return this.#accept(sign, fields, now, true)
      }
      case 'WECHAT-SHA1':
        if (this.#weChatToken === undefined) return bad('This server does not take WECHAT-SHA1.')
        if (!verifyWeChat(sign, this.#weChatToken)) return bad()
        return this.#accept(sign, fieldsOf(session, envelope), now, false)
    }
  }

  #byKey(
    sign: Extract<Sign, { Alg: 'PS256' | 'RS256' }>,
    session: Session,
    envelope: EnvelopeReader,
    now: number,
  ): SignOutcome {
    if (sign.Alg === 'RS256' && !this.#allowsRs256) return bad('This server does not take RS256: sign with PS256.')
    const modulus = session.keys.get(sign.Key)
    if (modulus === undefined) return bad('The key that signed is not enrolled for this user.')
    const id = envelope.clientMsgId()
    const time = envelope.createTime()
    if (id === undefined || id === '' || time === undefined) {
      return bad('A message that is signed by a key needs ClientMsgId and CreateTime.')
    }
    // What is too old or too new need not be checked. Whether it is a repeat is for who decides on all of them.
    if (Math.abs(now - time) > this.#windowS)
      return replayed(`CreateTime is not within ${this.#windowS} s of the time here.`)
    const item: SignatureItem = {
      alg: sign.Alg,
      modulus,
      signature: sign.Signature,
      from: session.user,
      to: envelope.to(),
      clientMsgId: id,
      createTime: time,
      msgType: envelope.type(),
      content: envelope.contentJson() ?? '',
    }
    return { kind: 'byKey', item, facts: { id, time, key: sign.Key } }
  }

  #accept(sign: Sign, fields: MessageFields, now: number, coversBody: boolean): SignOutcome {
    const verdict = this.#replays.accept(replayClaimOf(sign, fields), now)
    if (verdict === 'fresh') return { kind: 'good', coversBody }
    return replayed(
      verdict === 'window' ? `The time in Sign is not within ${this.#windowS} s of the time here.` : undefined,
    )
  }
}

function signOf(text: string): Sign | undefined {
  const byKey = parseJson(text, keySignLimits)
  if ('value' in byKey) return readSign(byKey.value)
  const other = parseJson(text, otherSignLimits)
  const sign = 'value' in other ? readSign(other.value) : undefined
  return sign?.Alg === 'HS256' || sign?.Alg === 'WECHAT-SHA1' ? sign : undefined
}

function fieldsOf(session: Session, envelope: EnvelopeReader): MessageFields {
  return {
    from: session.user,
    to: envelope.to(),
    clientMsgId: envelope.clientMsgId(),
    createTime: envelope.createTime(),
    msgType: envelope.type(),
    content: envelope.content() ?? '',
  }
}

function bad(message?: string): SignOutcome {
  return { kind: 'refused', problem: fault('bad_signature', message) }
}

function replayed(message?: string): SignOutcome {
  return { kind: 'refused', problem: fault('replayed', message) }
}
