/**
 * Enrols, revokes and looks up keys of users: has signatures checked in the pool, then asks the store, which decides on
 * what must be decided at one moment. Keeps nothing. Runs on: the main thread.
 */
import type { DeviceKey, KeyLogEntry, Store } from '../mailbox/store-messages.ts'
import { keyDirectoryPageMax, type RsaPublicKey } from '../protocol/entities/keys.ts'
import { errors, type Fault, fault } from '../protocol/errors.ts'
import { approvalText, enrolmentText } from '../security/enrolment.ts'
import { thumbprintOf } from '../security/jwk.ts'
import { keyProblem } from '../security/key-rules.ts'
import type { ItemResult, SignatureResult, SignatureTask, SignedTextItem } from './tasks.ts'

/** A key that asks to be enrolled, with the proof that who asks has it. */
export interface KeyCandidate {
  readonly userId: string
  readonly deviceId: string
  readonly key: RsaPublicKey
  readonly signature: string
}

/** Somebody with an enrolled key, or an operator, says that a key is the user's. */
export type KeyApproval =
  | 'operator'
  | { readonly thumbprint: string; readonly modulus: string; readonly signature: string }

/** What is asked of the registrar. */
export type KeyRequest =
  | {
      readonly kind: 'enrol'
      readonly candidate: KeyCandidate
      /** Of the offer that began the sealed session. */
      readonly nonce: string
      readonly approval: KeyApproval | undefined
    }
  /** The candidate's own signature was found to be right before. */
  | { readonly kind: 'approve'; readonly candidate: KeyCandidate; readonly approval: KeyApproval }
  | { readonly kind: 'revoke'; readonly userId: string; readonly thumbprint: string; readonly by: string }
  | { readonly kind: 'readLog'; readonly userId: string; readonly from: number }

/** What it answers. */
export type KeyVerdict =
  | { readonly kind: 'enrolled'; readonly key: DeviceKey }
  /** All is well with the candidate, but it is not the user's first key. */
  | { readonly kind: 'unapproved'; readonly thumbprint: string }
  | { readonly kind: 'revoked'; readonly key: DeviceKey }
  | { readonly kind: 'log'; readonly entries: readonly KeyLogEntry[]; readonly more: boolean }
  | { readonly kind: 'refused'; readonly problem: Fault }

/** What the registrar needs of the pool. */
export interface SignaturePool {
  run(lane: 'signatures', take: SignatureTask): Promise<ItemResult<SignatureResult>>
}

/** What the registrar works with. */
export interface KeyRegistrarOptions {
  readonly store: Store
  readonly pool: SignaturePool
  /** The thumbprint of the server's identity key at this moment. */
  readonly serverThumbprint: () => string
  /** Whether a key may prove itself by `RS256` as well: while clients of suite 3 are served, which have no more. */
  readonly allowsRs256: boolean
  /** Told of what failed that should not have. */
  readonly onFault: (userId: string, error: unknown) => void
}

/** See the head of the file. */
export class KeyRegistrar {
  readonly #options: KeyRegistrarOptions

  constructor(options: KeyRegistrarOptions) {
    this.#options = options
  }

  /** Does what a request asks for. Never rejects. */
  async handle(request: KeyRequest): Promise<KeyVerdict> {
    try {
      return await this.#do(request)
    } catch (error) {
      return { kind: 'refused', problem: this.#faultOf(request, error) }
    }
  }

  /** Checks a bundle of signatures. Undefined when the pool has too much to do. Never rejects. */
  async verify(bytes: Uint8Array): Promise<Uint8Array | undefined> {
    const result = await this.#options.pool.run('signatures', { kind: 'bundle', bytes })
    return result.ok ? result.value : undefined
  }

  #do(request: KeyRequest): Promise<KeyVerdict> {
    switch (request.kind) {
      case 'enrol':
        return this.#enrol(request)
      case 'approve':
        return this.#approve(request)
      case 'revoke':
        return this.#revoke(request)
      case 'readLog':
        return this.#readLog(request)
    }
  }

  async #enrol({ candidate, nonce, approval }: Extract<KeyRequest, { kind: 'enrol' }>): Promise<KeyVerdict> {
    const { userId, deviceId, key, signature } = candidate
    const problem = keyProblem(key)
    if (problem !== undefined) return refused(fault('bad_content', `Content.Key: ${problem}.`))
    const thumbprint = thumbprintOf(key)
    const serverThumbprint = this.#options.serverThumbprint()
    const text = textOf(() => enrolmentText({ userId, deviceId, serverThumbprint, thumbprint, nonce }))
    if (text === undefined) return refused(badDevice)
    const items: SignedTextItem[] = [{ modulus: key.n, text, signature, allowsRs256: this.#options.allowsRs256 }]
    if (approval !== undefined && approval !== 'operator')
      items.push(this.#approvalItem(candidate, thumbprint, approval))
    const wrong = await this.#check(items)
    if (wrong !== undefined) return refused(wrong)
    try {
      return await this.#store(candidate, thumbprint, approval)
    } catch (error) {
      if (approval === undefined && codeOf(error) === 'approval_required') return { kind: 'unapproved', thumbprint }
      throw error
    }
  }

  async #approve({ candidate, approval }: Extract<KeyRequest, { kind: 'approve' }>): Promise<KeyVerdict> {
    const thumbprint = thumbprintOf(candidate.key)
    if (approval !== 'operator') {
      const wrong = await this.#check([this.#approvalItem(candidate, thumbprint, approval)])
      if (wrong !== undefined) return refused(wrong)
    }
    return this.#store(candidate, thumbprint, approval)
  }

  async #store(candidate: KeyCandidate, thumbprint: string, approval: KeyApproval | undefined): Promise<KeyVerdict> {
    const { userId, deviceId, key } = candidate
    const vouched = approval === undefined || approval === 'operator' ? undefined : approval
    const enrolled = await this.#options.store.call('enrolKey', {
      userId,
      deviceId,
      thumbprint,
      key,
      approvedBy: vouched?.thumbprint ?? (approval === 'operator' ? 'operator' : 'first'),
      server: vouched === undefined ? '' : this.#options.serverThumbprint(),
      signature: vouched?.signature ?? '',
    })
    return { kind: 'enrolled', key: enrolled }
  }

  async #revoke({ userId, thumbprint, by }: Extract<KeyRequest, { kind: 'revoke' }>): Promise<KeyVerdict> {
    return { kind: 'revoked', key: await this.#options.store.call('revokeKey', { userId, thumbprint, by }) }
  }

  async #readLog({ userId, from }: Extract<KeyRequest, { kind: 'readLog' }>): Promise<KeyVerdict> {
    const page = await this.#options.store.call('readKeyLog', { userId, from, limit: keyDirectoryPageMax })
    return { kind: 'log', ...page }
  }

  #approvalItem(
    candidate: KeyCandidate,
    thumbprint: string,
    approval: Exclude<KeyApproval, 'operator'>,
  ): SignedTextItem {
    const { userId, deviceId } = candidate
    const text = approvalText({ userId, deviceId, serverThumbprint: this.#options.serverThumbprint(), thumbprint })
    return { modulus: approval.modulus, text, signature: approval.signature }
  }

  async #check(items: readonly SignedTextItem[]): Promise<Fault | undefined> {
    const result = await this.#options.pool.run('signatures', { kind: 'texts', items })
    if (!result.ok) return fault('server_busy')
    if (result.value.every((verdict) => verdict === 1)) return undefined
    return result.value[0] === 1 && items.length > 1 ? badApproval : fault('bad_signature', badSignature)
  }

  #faultOf(request: KeyRequest, error: unknown): Fault {
    const code = codeOf(error)
    const message = error instanceof Error ? error.message : errors.storage_failed.message
    switch (code) {
      case 'key_refused':
      case 'key_unknown':
        return fault('not_allowed', message)
      case 'approval_required':
      case 'user_unknown':
        return fault(code)
      case 'storage_full':
      case 'server_busy':
        return fault(code)
      default:
        this.#options.onFault('userId' in request ? request.userId : request.candidate.userId, error)
        return fault('storage_failed')
    }
  }
}

const badSignature = 'The signature is not by this key over this user, device, server and session.'
const badApproval = fault('bad_signature', 'The approval is not by that key over this user, device, server and key.')
const badDevice = fault('bad_content', 'Content.DeviceId has half of a surrogate pair.')

function refused(problem: Fault): KeyVerdict {
  return { kind: 'refused', problem }
}

/** Undefined for text that is not well-formed. */
function textOf(make: () => Buffer): Buffer | undefined {
  try {
    return make()
  } catch {
    return undefined
  }
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
}
