/**
 * Messages that only the receiver's devices can read: sealed for the keys that the directory has, and opened with what it says of the
 * sender. There is no forward secrecy: whoever gets this device's key later reads what was recorded. For Node.
 */
import { type KeyObject, randomBytes } from 'node:crypto'
import { type EndToEndProblem, type NamedKey, openEndToEnd, sealEndToEnd } from '../security/end-to-end.ts'
import { importPublicKey } from '../security/jwk.ts'
import type { EnrolledKey, KeyLog } from '../security/key-log.ts'
import type { DeviceKey } from './device-key.ts'
import type { Directory } from './directory.ts'
import { ParleyError } from './errors.ts'
import { type IncomingMessage, isRecord, messageOf } from './message.ts'

/** What is to be sealed. */
export interface OutgoingSecret {
  readonly from: string
  readonly to: string
  readonly clientMsgId: string
  /** Unix time in seconds. */
  readonly createTime: number
  readonly msgType: string
  readonly content: unknown
}

/** Ids of messages that were opened, so that none is told twice; the oldest leave. */
const seenMax = 10_000
/** Keys that are kept imported. */
const importedMax = 1_000

const problemTexts: Readonly<Record<EndToEndProblem, string>> = {
  malformed: 'it is not in the form that is expected',
  sender_key: 'its key is not enrolled for the sender',
  signature: 'its signature is not right',
  address: 'it was made for another sender, receiver or time',
  recipient_key: 'it is not for the key of this device; the sender may not know that yet',
  sealed: 'what is inside can’t be decrypted',
}

/** See the head of the file. */
export class EndToEnd {
  readonly #directory: Directory
  readonly #key: DeviceKey
  readonly #imported = new Map<string, KeyObject>()
  readonly #seen = new Set<string>()

  constructor(directory: Directory, key: DeviceKey) {
    this.#directory = directory
    this.#key = key
  }

  /**
   * The content of an `EndToEndMsgRequest`.
   *
   * @throws ParleyError `key_required` when the key of this device is not enrolled, `no_keys` when the receiver has none
   */
  async seal(secret: OutgoingSecret): Promise<{ readonly Jws: string }> {
    const { from, to, clientMsgId: id, createTime: time, msgType, content } = secret
    const [own, theirs] = await Promise.all([this.#ownLog(from), this.#directory.log(to)])
    if (!own.keys.has(this.#key.thumbprint)) throw new ParleyError('key_required')
    if (theirs.keys.size === 0) {
      throw new ParleyError('no_keys', { message: `${to} has no enrolled key: nothing can be encrypted for them.` })
    }
    const recipients = [...theirs.keys.values()].map((key) => this.#named(key))
    const message = { msgType, content: JSON.stringify(content) }
    return { Jws: sealEndToEnd({ from, to, id, time }, message, this.#ownKey(), recipients, randomBytes) }
  }

  /**
   * Opens what came.
   *
   * @param self the user who got it
   * @returns the message inside; undefined when it came before
   * @throws ParleyError `end_to_end_failed`, `keys_changed`
   */
  async open(message: IncomingMessage, self: string): Promise<IncomingMessage | undefined> {
    const { from, content, envelope } = message
    const { ClientMsgId: id = '', CreateTime: time = -1 } = envelope
    const address = { from, to: self, id, time }
    const jws = isRecord(content) ? content['Jws'] : undefined
    const attempt = (log: KeyLog): ReturnType<typeof openEndToEnd> =>
      openEndToEnd(jws, address, (thumbprint) => this.#keyIn(log, thumbprint), this.#ownKey(), randomBytes)
    let log = await this.#directory.log(from)
    let opened = attempt(log)
    if ('problem' in opened && opened.problem === 'sender_key') {
      // A device that is newer than what was read of the log.
      log = await this.#directory.log(from, 'fresh')
      opened = attempt(log)
    }
    if ('problem' in opened) throw notOpened(from, problemTexts[opened.problem])
    if (!this.#isNew(JSON.stringify([from, id]))) return undefined
    const { msgType, content: text, senderKey } = opened.message
    const inside = messageOf({ ...envelope, MsgType: msgType, Content: text })
    if (inside instanceof ParleyError) throw notOpened(from, inside.message)
    const { verified } = await this.#directory.keysOf(from, 'usual')
    const deviceId = log.keys.get(senderKey)?.deviceId ?? ''
    return { ...inside, endToEnd: { thumbprint: senderKey, deviceId, verified } }
  }

  /** A key that is not there may have been enrolled a moment ago. */
  async #ownLog(userId: string): Promise<KeyLog> {
    const log = await this.#directory.log(userId)
    return log.keys.has(this.#key.thumbprint) ? log : this.#directory.log(userId, 'fresh')
  }

  #ownKey(): NamedKey {
    return { thumbprint: this.#key.thumbprint, key: this.#key.privateKey }
  }

  #keyIn(log: KeyLog, thumbprint: string): KeyObject | undefined {
    const key = log.keys.get(thumbprint)
    return key === undefined ? undefined : this.#named(key).key
  }

  #named({ thumbprint, key }: EnrolledKey): NamedKey {
    let imported = this.#imported.get(thumbprint)
    if (imported === undefined) {
      imported = importPublicKey(key)
      if (this.#imported.size >= importedMax) this.#imported.clear()
      this.#imported.set(thumbprint, imported)
    }
    return { thumbprint, key: imported }
  }

  #isNew(id: string): boolean {
    if (this.#seen.has(id)) return false
    this.#seen.add(id)
    if (this.#seen.size > seenMax) this.#seen.delete(this.#seen.values().next().value ?? '')
    return true
  }
}

function notOpened(from: string, reason: string): ParleyError {
  return new ParleyError('end_to_end_failed', {
    message: `An end-to-end message in the name of ${from} was not opened: ${reason}.`,
    detail: { from },
  })
}
