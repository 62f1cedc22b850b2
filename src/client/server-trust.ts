/**
 * Whether the server's key is the right one: a pin decides, else what is known from before, else the first use. A key that the
 * known one handed over to is taken, and told; any other stops the client before it has sent anything secret.
 */
import { fingerprintBlocks, readFingerprint } from '../security/fingerprint-blocks.ts'
import type { Offer } from '../security/offer.ts'
import { checkPin } from '../security/pin.ts'
import { ParleyError } from './errors.ts'
import { type KnownHosts, MemoryKnownHosts } from './known-hosts.ts'
import { KnownHostsFile } from './known-hosts-file.ts'
import type { SealOptions, ServerKey } from './sealing-options.ts'

/** A key that is trusted; `keep` remembers it once the server has shown that it has it. */
export interface TrustedKey {
  keep(): Promise<void>
}

/** What clients of this process remember, when they are not told where to. */
const knownToProcess = new MemoryKnownHosts()

/** See the head of the file. */
export class ServerTrust {
  readonly #server: string
  readonly #pins: readonly string[]
  readonly #known: KnownHosts
  readonly #options: SealOptions

  constructor(server: string, options: SealOptions) {
    const { knownHosts } = options
    this.#server = server
    this.#options = options
    this.#pins = readPins(options.pin)
    this.#known = typeof knownHosts === 'string' ? new KnownHostsFile(knownHosts) : (knownHosts ?? knownToProcess)
  }

  /** Whether somebody is to be asked before the first connection. */
  async mustAsk(): Promise<boolean> {
    if (this.#pins.length > 0 || this.#options.onFirstUse === undefined) return false
    return (await this.#find()) === undefined
  }

  /**
   * Asks whether to trust the key of a server that is not known, and remembers it.
   *
   * @throws ParleyError `pin_mismatch` when it is not trusted
   */
  async ask(offer: Offer): Promise<void> {
    if ((await this.#options.onFirstUse?.(this.#keyOf(offer))) !== true) throw this.#refused()
    await this.#save(offer.identityThumbprint)
  }

  /**
   * Judges the key of an offer.
   *
   * @throws ParleyError `pin_mismatch`
   */
  async judge(offer: Offer): Promise<TrustedKey> {
    const expected = this.#pins.length > 0 ? this.#pins : [await this.#find()]
    const decisions = expected.map((thumbprint) => checkPin(thumbprint, offer))
    if (decisions.includes('same')) return { keep: async () => {} }
    const rotated = expected[decisions.indexOf('rotated')]
    if (rotated !== undefined) return { keep: () => this.#rotate(rotated, offer) }
    if (!decisions.includes('unknown'))
      throw this.#changed(
        expected.filter((each) => each !== undefined),
        offer,
      )
    // Whoever wants to be asked was asked before the first connection.
    if (this.#options.onFirstUse !== undefined) throw this.#refused()
    return { keep: () => this.#save(offer.identityThumbprint) }
  }

  async #rotate(previous: string, offer: Offer): Promise<void> {
    // A pin is the caller's to change; what is known is ours.
    if (this.#pins.length === 0) await this.#save(offer.identityThumbprint)
    this.#options.onRotation?.({ ...this.#keyOf(offer), previous })
  }

  #keyOf({ identityThumbprint: thumbprint }: Offer): ServerKey {
    return { server: this.#server, thumbprint, blocks: fingerprintBlocks(thumbprint) }
  }

  #refused(): ParleyError {
    return new ParleyError('pin_mismatch', {
      message: `The key of ${this.#server} is not trusted. Nothing secret was sent.`,
    })
  }

  #changed(expected: readonly string[], { identityThumbprint }: Offer): ParleyError {
    const cure =
      this.#pins.length > 0
        ? 'only then give the new thumbprint as the pin'
        : `only then remove the line of ${this.#server} from the known hosts`
    const message =
      `The key of ${this.#server} has changed: ${expected.join(' or ')} was expected, ${identityThumbprint} came. ` +
      'Somebody may be reading along between you and the server, or its operator has replaced the key without a rotation. ' +
      `Nothing secret was sent. Ask the operator what "parley keys show" prints, by another way than this connection; ${cure}.`
    return new ParleyError('pin_mismatch', {
      message,
      detail: { server: this.#server, expected, received: identityThumbprint },
    })
  }

  async #find(): Promise<string | undefined> {
    return this.#told('read', () => this.#known.find(this.#server))
  }

  async #save(thumbprint: string): Promise<void> {
    await this.#told('written', () => this.#known.save(this.#server, thumbprint))
  }

  /** A store that fails must not look like a server that is not known. */
  async #told<Result>(deed: string, act: () => Promise<Result> | Result): Promise<Result> {
    try {
      return await act()
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new ParleyError('sealing_unavailable', { message: `The known hosts can't be ${deed}: ${reason}`, cause })
    }
  }
}

function readPins(pin: SealOptions['pin']): readonly string[] {
  if (pin === undefined) return []
  const thumbprints = (typeof pin === 'string' ? [pin] : pin).map(readFingerprint).filter((each) => each !== undefined)
  if (thumbprints.length > 0 && (typeof pin === 'string' || thumbprints.length === pin.length)) return thumbprints
  throw new ParleyError('bad_argument', {
    message: 'The option pin must be the thumbprint of the server, or its blocks; see it there with: parley keys show',
  })
}
