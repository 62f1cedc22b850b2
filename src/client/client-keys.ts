/**
 * What a client does with keys: enrols its own, approves and revokes, reads the directory, signs, and speaks end to end.
 * Loaded only where sessions are sealed. For Node.
 */
import { signApproval, signEnrolment } from '../security/enrolment.ts'
import type { DeviceKey } from './device-key.ts'
import { Directory, type KeysChanged } from './directory.ts'
import { EndToEnd, type OutgoingSecret } from './end-to-end.ts'
import type { OutgoingFields } from './envelope-writer.ts'
import { ParleyError } from './errors.ts'
import type { KeyPins } from './key-pins.ts'
import type { IncomingMessage } from './message.ts'
import type { SealedChannel } from './sealed-channel.ts'
import { checkSignature, type SignAlgorithm, signByKey, signBySession } from './signing.ts'

/** What became of an enrolment. */
export interface EnrolmentResult {
  readonly thumbprint: string
  /** `pending`: another device of the user, or an operator, has to approve the key. */
  readonly status: 'enrolled' | 'pending'
}

/** What the keys need of their client. */
export interface KeysHost {
  readonly key: DeviceKey
  readonly pins: KeyPins
  /** Who is logged in. @throws ParleyError `bad_state` when nobody is */
  self(): string
  /** The sealed session of now, if there is one. */
  channel(): SealedChannel | undefined
  /** Asks the server. */
  ask(type: string, content: unknown): Promise<IncomingMessage>
  changed(change: KeysChanged): void
  /** Whether signatures of messages are to be checked as they come. */
  readonly verifySignatures: boolean
}

/** See the head of the file. */
export class ClientKeys {
  readonly directory: Directory
  readonly #host: KeysHost
  readonly #endToEnd: EndToEnd

  constructor(host: KeysHost) {
    this.#host = host
    this.directory = new Directory({
      ask: async (userId, after) => {
        const content = { UserId: userId, ...(after === undefined ? {} : { After: after }) }
        return (await host.ask('KeyDirectoryRequest', content)).content
      },
      self: () => host.self(),
      pins: host.pins,
      changed: (change) => host.changed(change),
    })
    this.#endToEnd = new EndToEnd(this.directory, host.key)
  }

  get thumbprint(): string {
    return this.#host.key.thumbprint
  }

  /** Enrols the key of this device for the user who is logged in. */
  async enrol(deviceId: string): Promise<EnrolmentResult> {
    const { key } = this.#host
    const channel = this.#sealed()
    const claim = { ...this.#claim(channel, key.thumbprint, deviceId), nonce: channel.offerNonce }
    const content = { Key: key.publicJwk, DeviceId: deviceId, Signature: signEnrolment(key.privateKey, claim) }
    try {
      await this.#host.ask('EnrolKeyRequest', content)
    } catch (error) {
      if (!(error instanceof ParleyError) || error.code !== 'approval_required') throw error
      return { thumbprint: key.thumbprint, status: 'pending' }
    }
    this.directory.expire(this.#host.self())
    return { thumbprint: key.thumbprint, status: 'enrolled' }
  }

  /** Approves another key of the same user with the one of this device, which is enrolled. */
  async approve(other: { readonly thumbprint: string; readonly deviceId: string }): Promise<void> {
    const { key } = this.#host
    const claim = this.#claim(this.#sealed(), other.thumbprint, other.deviceId)
    const content = {
      Thumbprint: other.thumbprint,
      Key: key.thumbprint,
      Signature: signApproval(key.privateKey, claim),
    }
    await this.#host.ask('ApproveKeyRequest', content)
    this.directory.expire(this.#host.self())
  }

  async revoke(thumbprint: string): Promise<void> {
    this.#sealed()
    await this.#host.ask('RevokeKeyRequest', { Thumbprint: thumbprint })
    this.directory.expire(this.#host.self())
  }

  /** What signs a message that is written now; HS256 is by the session in which it is sent. */
  signer(algorithm: SignAlgorithm, channel = this.#host.channel()): Exclude<OutgoingFields['sign'], undefined> {
    if (algorithm === 'PS256') {
      this.#host.self()
      return (fields) => signByKey(this.#host.key, fields)
    }
    return (fields) => signBySession(channel ?? this.#sealed(), fields)
  }

  seal(secret: Omit<OutgoingSecret, 'from'>): Promise<{ readonly Jws: string }> {
    return this.#endToEnd.seal({ ...secret, from: this.#host.self() })
  }

  /** What has to be done with a message before it is told; undefined when nothing has. */
  work(message: IncomingMessage): Promise<IncomingMessage | undefined> | undefined {
    if (message.from === '') return undefined
    if (message.type === 'EndToEndMsgRequest') return this.#opened(message)
    return this.#host.verifySignatures ? this.#verified(message) : undefined
  }

  /** Checks the signature of a message. */
  check(message: IncomingMessage): ReturnType<typeof checkSignature> {
    return checkSignature(message, this.#host.self(), this.directory)
  }

  async #opened(message: IncomingMessage): Promise<IncomingMessage | undefined> {
    return this.#endToEnd.open(message, this.#host.self())
  }

  async #verified(message: IncomingMessage): Promise<IncomingMessage> {
    return { ...message, signature: await this.check(message) }
  }

  #claim({ session }: SealedChannel, thumbprint: string, deviceId: string) {
    return { userId: this.#host.self(), deviceId, serverThumbprint: session.server, thumbprint }
  }

  #sealed(): SealedChannel {
    const channel = this.#host.channel()
    if (channel === undefined) {
      throw new ParleyError('bad_state', {
        message: 'That needs a sealed session, and the client is not connected just now.',
      })
    }
    return channel
  }
}
