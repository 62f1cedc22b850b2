/** The users with sessions on this acceptor, and the rate that all sessions of one share. Pure; the clock is passed in. */
import { receiverTag } from '../security/message-id.ts'
import type { SealedFacts, Session } from './connection.ts'
import { LearnedShape } from './learned-shape.ts'
import type { MessageKeys } from './message-keys.ts'
import { TokenBucket } from './token-bucket.ts'
import { Unverified } from './unverified.ts'

/** A user's bucket is kept so long after the last session, so that logging in again is no way around the rate: by then it is full. */
const keptMs = 2000

interface User {
  readonly bucket: TokenBucket
  sessions: number
  /** When the last session ended. */
  leftAt: number
}

/** What a session has of its own. */
export interface NewSession {
  readonly sealed: SealedFacts | undefined
  readonly messageKeys: MessageKeys
}

const noKeys: ReadonlyMap<string, string> = new Map()

/** How a session needs its user's name: pieces of one memory, since what lies in Node's pool would keep 8 KiB of it. */
function formsOf(name: string): Pick<Session, 'name' | 'nameJson' | 'senderMember'> {
  const nameJson = JSON.stringify(name)
  const senderMember = `"FromUserId":${nameJson},`
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(name) + Buffer.byteLength(senderMember))
  const nameEnd = bytes.write(name)
  bytes.write(senderMember, nameEnd)
  return {
    name: bytes.subarray(0, nameEnd),
    nameJson: bytes.subarray(nameEnd + senderBefore, bytes.length - 1),
    senderMember: bytes.subarray(nameEnd),
  }
}

/** `"FromUserId":` */
const senderBefore = 13

/** See the head of the file. */
export class Users {
  readonly #messagesPerSecond: number
  readonly #users = new Map<string, User>()
  #sessions = 0

  /** @param messagesPerSecond of one user; 0 for no limit */
  constructor(messagesPerSecond: number) {
    this.#messagesPerSecond = messagesPerSecond
  }

  /** Sessions in all. */
  sessions(): number {
    return this.#sessions
  }

  /** Makes a session of a user. `now` in milliseconds on a clock that only goes forward. */
  enter(name: string, now: number, { sealed, messageKeys }: NewSession): Session {
    let user = this.#users.get(name)
    if (user === undefined) {
      user = { bucket: new TokenBucket(this.#messagesPerSecond, now), sessions: 0, leftAt: now }
      this.#users.set(name, user)
    }
    user.sessions++
    this.#sessions++
    return {
      user: name,
      ...formsOf(name),
      bucket: user.bucket,
      messageKeys,
      tag: receiverTag(name),
      shape: new LearnedShape(),
      policies: { signedOnly: false, endToEnd: 'allow' },
      keys: noKeys,
      unverified: new Unverified(),
      sealed,
      watches: false,
    }
  }

  /** A session that `enter` made has ended. */
  leave(session: Session, now: number): void {
    this.#sessions--
    const user = this.#users.get(session.user)
    if (user === undefined) return
    user.sessions--
    user.leftAt = now
  }

  /** Forgets users who have been gone for long enough. */
  forget(now: number): void {
    for (const [name, { sessions, leftAt }] of this.#users) {
      if (sessions === 0 && now - leftAt > keptMs) this.#users.delete(name)
    }
  }
}
