/** A directory of keys, and messages between users, for a fake sealed server: what the real one does with keys, in a few lines. */
import { verifyApproval, verifyEnrolment } from '../../src/security/enrolment.ts'
import { importPublicKey, thumbprintOf } from '../../src/security/jwk.ts'
import { appendKey, emptyKeyLog, firstKey, type KeyLog, type KeyLogEntry } from '../../src/security/key-log.ts'
import { type Peer, type Received, type Script, usual } from './fake-server.ts'
import type { SealedPeer } from './sealed-server.ts'

/** The log of one user, with its entries. */
export interface UserLog {
  log: KeyLog
  readonly entries: KeyLogEntry[]
}

/** See the head of the file. Its `script` is the server's. */
export class KeyServer {
  readonly logs = new Map<string, UserLog>()
  /** How often a directory was asked for. */
  asked = 0
  pageMax = 64
  /** Changes what is relayed. */
  tamper: (request: Received) => object = () => ({})
  readonly #users = new Map<Peer, string>()
  readonly #pending: { readonly key: Received['content']; readonly userId: string }[] = []
  readonly #server: { readonly thumbprint: string }

  constructor(server: { readonly thumbprint: string }) {
    this.#server = server
  }

  of(userId: string): UserLog {
    let found = this.logs.get(userId)
    if (found === undefined) {
      found = { log: emptyKeyLog(userId), entries: [] }
      this.logs.set(userId, found)
    }
    return found
  }

  readonly script: Script = (request, peer) => {
    const userId = this.#users.get(peer) ?? ''
    switch (request.MsgType) {
      case 'AuthRequest':
        this.#users.set(peer, request.content.UserId)
        usual(request, peer)
        return
      case 'EnrolKeyRequest':
        this.#enrol(request, peer, userId)
        return
      case 'ApproveKeyRequest':
        this.#approve(request, peer, userId)
        return
      case 'KeyDirectoryRequest':
        this.#directory(request, peer)
        return
      default:
        if (request.ToUserId !== undefined) this.#relay(request, userId)
        usual(request, peer)
    }
  }

  append(
    userId: string,
    claim: { readonly Key: Received['content']; readonly DeviceId: string },
    more: object = {},
  ): void {
    const user = this.of(userId)
    const first = { ApprovedBy: firstKey, Server: '', Signature: '' }
    const appended = appendKey(user.log, { Kind: 'enrol', Time: 1, ...claim, ...first, ...more })
    if ('problem' in appended) throw new Error(appended.problem)
    user.log = appended.log
    user.entries.push(appended.entry)
  }

  #enrol(request: Received, peer: Peer, userId: string): void {
    const { Key, DeviceId, Signature } = request.content
    const thumbprint = thumbprintOf(Key)
    const nonce = (peer as SealedPeer).nonce
    const claim = { userId, deviceId: DeviceId, serverThumbprint: this.#server.thumbprint, thumbprint, nonce }
    if (!verifyEnrolment(importPublicKey(Key), claim, Signature)) {
      peer.answer(request, 'CommonResponse', { Success: false, Code: 'bad_signature' })
    } else if (this.of(userId).log.keys.size > 0) {
      this.#pending.push({ key: request.content, userId })
      for (const [other, name] of this.#users) {
        if (name !== userId || other === peer) continue
        const content = { Kind: 'requested', UserId: userId, DeviceId, Thumbprint: thumbprint }
        other.send({ MsgType: 'KeyEvent', content })
      }
      peer.answer(request, 'CommonResponse', { Success: false, Code: 'approval_required' })
    } else {
      this.append(userId, { Key, DeviceId })
      peer.answer(request, 'CommonResponse', { Success: true })
    }
  }

  #approve(request: Received, peer: Peer, userId: string): void {
    const { Thumbprint, Key, Signature } = request.content
    const pending = this.#pending.find(({ key }) => thumbprintOf(key.Key) === Thumbprint)
    const approver = this.of(userId).log.keys.get(Key)
    const server = this.#server.thumbprint
    const deviceId = pending?.key.DeviceId
    const claim = { userId, deviceId, serverThumbprint: server, thumbprint: Thumbprint }
    if (!pending || !approver || !verifyApproval(importPublicKey(approver.key), claim, Signature)) {
      peer.answer(request, 'CommonResponse', { Success: false, Code: 'bad_signature' })
      return
    }
    this.append(userId, { Key: pending.key.Key, DeviceId: deviceId }, { ApprovedBy: Key, Server: server, Signature })
    peer.answer(request, 'CommonResponse', { Success: true })
  }

  #directory(request: Received, peer: Peer): void {
    this.asked++
    const { UserId, After = -1 } = request.content
    const { entries } = this.of(UserId)
    const page = entries.slice(After + 1, After + 1 + this.pageMax)
    const content = { Success: true, UserId, Entries: page, More: After + 1 + page.length < entries.length }
    peer.answer(request, 'KeyDirectoryResponse', content)
  }

  #relay(request: Received, userId: string): void {
    const { content, ...envelope } = { ...request, FromUserId: userId, ...this.tamper(request) }
    for (const [peer, name] of this.#users) {
      if (name === request.ToUserId && !peer.isClosed)
        peer.send({ ...envelope, CallbackID: undefined, content: JSON.parse(envelope.Content) })
    }
  }
}
