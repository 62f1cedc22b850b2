/**
 * What a frame means: checks it and decides whether it is relayed, asked of the router, answered at once or
 * refused. It reads; what it decides goes out as calls of `FrameEffects`, which own all writing.
 * One reader serves the thread: `begin` names the connection, the splitter feeds it, `finish` ends the chunk.
 * Runs on: the acceptor thread.
 */
import { isUtf8 } from 'node:buffer'
import type { RelayRun } from '../mailbox/router-codec.ts'
import type {
  AcknowledgedMessage,
  AuthenticateMessage,
  RelaySignedMessage,
  RequestMessage,
} from '../mailbox/router-messages.ts'
import { readContent } from '../protocol/content.ts'
import type { Delimiters } from '../protocol/delimiters.ts'
import { type AckRequest, type AuthRequest, entities } from '../protocol/entities/index.ts'
import { EnvelopeReader } from '../protocol/envelope-reader.ts'
import { type Fault, fault } from '../protocol/errors.ts'
import type { Answered, FaultExtras } from '../protocol/replies.ts'
import { epochOf } from '../security/message-id.ts'
import { addressingOf } from './addressing.ts'
import type { Connection, Session } from './connection.ts'
import type { SignatureOptions } from './options.ts'
import { rescuedCallbackId } from './rescued-callback-id.ts'
import { type Addressing, type FrameBytes, RunBuilder } from './run-builder.ts'
import { SignatureCheck, type SignOutcome } from './signature-check.ts'
import { SignedRuns } from './signed-runs.ts'
import type { FormSink } from './wire-form.ts'

/** What frames cause. */
export interface FrameEffects {
  relay(run: RelayRun): void
  relaySigned(message: RelaySignedMessage): void
  authenticate(message: AuthenticateMessage): void
  request(message: RequestMessage): void
  /** The client has messages up to a place. */
  acknowledge(message: AcknowledgedMessage): void
  /** A client asks for the server's keys, before its login. */
  requestKeys(connection: Connection, answered: Answered): void
  /** A frame has come in a handshake, in the place of the client's keys. The body is a copy. */
  handshakeFrame(connection: Connection, frame: { readonly answered: Answered; readonly body: Buffer }): void
  /** Answers a heartbeat. */
  heartbeat(connection: Connection, callbackId: string | undefined): void
  /** The client answers heartbeats: it has done so, or must, since it acknowledges. */
  heartbeatAnswered(connection: Connection): void
  refuse(connection: Connection, answered: Answered, problem: Fault, extras?: FaultExtras): void
  /** Bytes outside frames, already counted on the connection; `isNew` for the first of a stretch. */
  noise(connection: Connection, byteCount: number, isNew: boolean): void
  /** The session sends faster than it may; what was refused had no `CallbackID`, so it is told now and then. */
  tooFast(connection: Connection, retryAfter: number): void
  /** Whether no more frames should be read from this connection now. */
  mustStop(connection: Connection): boolean
  /** Whether logins are refused because the server is stopping. */
  isDraining(): boolean
}

const END_TO_END = 'EndToEndMsgRequest'
const mustBeEndToEnd: Fault = fault('not_allowed', `What this user sends to users must be encrypted: ${END_TO_END}.`)
const mustNotBeEndToEnd: Fault = fault('not_allowed', `This user may not send encrypted messages: no ${END_TO_END}.`)
const TEXT_MSG_REQUEST = Buffer.from('TextMsgRequest', 'latin1')
const unreadable: Answered = { type: undefined, toUser: false, callbackId: undefined }

/** See the head of the file. */
export class FrameReader implements FormSink {
  readonly #effects: FrameEffects
  readonly #envelope = new EnvelopeReader()
  readonly #runs: RunBuilder
  readonly #signedRuns: SignedRuns
  readonly #signatures: SignatureCheck
  readonly #requiresSigning: boolean
  #connection: Connection | undefined
  #chunk: Buffer | undefined
  #now = 0
  /** Bodies of the chunk that end at or before this offset are known to be valid UTF-8. */
  #validChunk: Buffer | undefined
  #validUntil = 0
  #endByte: number
  /** The bytes that `#view` is over. */
  #viewed: Buffer | undefined
  #view: DataView = new DataView(new ArrayBuffer(0))

  /** Frames read, for the counters. */
  frames = 0

  constructor(delimiters: Delimiters, signatures: SignatureOptions, effects: FrameEffects) {
    this.#effects = effects
    this.#endByte = delimiters.end
    this.#runs = new RunBuilder((run) => {
      this.#connection?.session()?.unverified.followed(run.end - run.start)
      effects.relay(run)
    })
    this.#signedRuns = new SignedRuns((message) => effects.relaySigned(message))
    this.#signatures = new SignatureCheck(signatures, Math.floor(Date.now() / 1000) - 1)
    this.#requiresSigning = signatures.requiresSigning
  }

  /** The next frames come from this chunk of this connection. `now` in milliseconds on the acceptor's clock. */
  begin(connection: Connection, chunk: Buffer, now: number): void {
    this.#connection = connection
    this.#chunk = chunk
    this.#now = now
    this.#validChunk = undefined
  }

  /** The chunk is at its end: sends what was gathered. Bytes of the chunk are not used afterwards. */
  finish(): void {
    this.#flush()
    this.#connection = undefined
    this.#chunk = undefined
    this.#validChunk = undefined
    this.#viewed = undefined
  }

  /** Frames are in these bytes now, which stay as they are: runs may refer to them. */
  stable(bytes: Buffer): void {
    this.#chunk = bytes
  }

  /** The bytes of which `stable` was told change now, so what refers to them goes. */
  unstable(): void {
    this.#runs.flush()
    this.#chunk = undefined
    this.#validChunk = undefined
  }

  frame(bytes: Buffer, start: number, end: number): boolean {
    const connection = this.#current()
    this.frames++
    if (!this.#isValidUtf8(bytes, start, end)) this.#unreadable(connection, notInCharset, undefined)
    else this.#read(connection, { bytes, start, end })
    // Bytes that are not the chunk's own are valid only during this call.
    if (bytes !== this.#chunk) this.#runs.flush()
    return !this.#effects.mustStop(connection)
  }

  #read(connection: Connection, frame: FrameBytes): void {
    const session = connection.session()
    const addressing = session?.shape.match(frame, this.#viewOf(frame.bytes), session.messageKeys)
    if (session !== undefined && addressing !== undefined && session.bucket.take(this.#now)) {
      this.#add(connection, session, addressing, frame)
      return
    }
    const problem = this.#envelope.read(frame.bytes, frame.start, frame.end)
    if (problem !== undefined) this.#unreadable(connection, problem, frame)
    else if (session !== undefined) this.#ofSession(connection, session, frame)
    else if (connection.state.kind === 'greeting') this.#beforeLogin(connection, connection.state.proof)
    else if (connection.state.kind === 'offered') {
      const body = Buffer.from(frame.bytes.subarray(frame.start, frame.end))
      this.#effects.handshakeFrame(connection, { answered: this.#answered(), body })
    }
  }

  #viewOf(bytes: Buffer): DataView {
    if (bytes !== this.#viewed) {
      this.#viewed = bytes
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    }
    return this.#view
  }

  noise(byteCount: number, isNew: boolean): void {
    const connection = this.#current()
    connection.noiseBytes += byteCount
    this.#flush()
    this.#effects.noise(connection, byteCount, isNew)
  }

  truncated(): void {
    this.#unreadable(this.#current(), cutShort, undefined)
  }

  tooLarge(): void {
    const connection = this.#current()
    const bytesMax = connection.channel.bodyBytesMax
    if (this.#mayGoOn(connection))
      this.#refuse(
        unreadable,
        fault('frame_too_large', `The frame is longer than the ${bytesMax} bytes that are taken now; it is skipped.`),
        { detail: { BytesMax: bytesMax } },
      )
  }

  #current(): Connection {
    if (this.#connection === undefined) throw new Error('a frame outside begin and finish')
    return this.#connection
  }

  /** One native check for all whole frames of a chunk; singly only where the chunk as a whole fails. */
  #isValidUtf8(bytes: Buffer, start: number, end: number): boolean {
    if (bytes === this.#validChunk) {
      if (end <= this.#validUntil) return true
    } else {
      this.#validChunk = bytes
      this.#validUntil = 0
      const last = bytes.lastIndexOf(this.#endByte)
      if (last > end && isUtf8(bytes.subarray(start, last))) {
        this.#validUntil = last
        return true
      }
    }
    return isUtf8(bytes.subarray(start, end))
  }

  #refuse(answered: Answered, problem: Fault, extras?: FaultExtras): void {
    // What was accepted before goes first: answers never overtake it in the log of what happened.
    this.#flush()
    this.#effects.refuse(this.#current(), answered, problem, extras)
  }

  /** @param frame given when the body is text that may tell its `CallbackID` */
  #unreadable(connection: Connection, problem: Fault, frame: FrameBytes | undefined): void {
    if (!this.#mayGoOn(connection)) return
    this.#refuse({ ...unreadable, callbackId: frame === undefined ? undefined : rescuedCallbackId(frame) }, problem)
  }

  /** Counts something that can't be read as a message. False when there were too many: it is then told apart. */
  #mayGoOn(connection: Connection): boolean {
    const session = connection.session()
    if (session === undefined || session.bucket.take(this.#now)) return true
    this.#effects.tooFast(connection, session.bucket.retryAfterSeconds())
    return false
  }

  #answered(): Answered {
    const envelope = this.#envelope
    return { type: envelope.type(), toUser: !envelope.isToServer(), callbackId: envelope.callbackId() }
  }

  #beforeLogin(connection: Connection, proof: Buffer | undefined): void {
    const envelope = this.#envelope
    const type = envelope.type()
    if (type === 'PlatformKeyRequest' && envelope.isToServer()) {
      this.#effects.requestKeys(connection, this.#answered())
      return
    }
    if (type !== 'AuthRequest' || !envelope.isToServer()) {
      this.#refuse(this.#answered(), fault('auth_required'))
      return
    }
    if (this.#effects.isDraining()) {
      this.#refuse(this.#answered(), fault('server_draining'))
      return
    }
    const content = envelope.content() ?? ''
    const read = readContent(type, content)
    if ('fault' in read) {
      this.#refuse(this.#answered(), read.fault)
      return
    }
    const { UserId: user, Ack: acknowledges } = read.value as AuthRequest
    const claimed = envelope.from()
    if (claimed !== undefined && claimed !== user) {
      this.#refuse(this.#answered(), fault('not_allowed', 'FromUserId is not the user that logs in: leave it out.'))
      return
    }
    // Messages wait for those who acknowledge: that such a one has vanished must be noticed, though it was never asked before.
    if (acknowledges === true) this.#effects.heartbeatAnswered(connection)
    this.#effects.authenticate({
      kind: 'authenticate',
      connection: connection.id,
      address: connection.addressKey,
      callbackId: envelope.callbackId(),
      content,
      proof,
    })
  }

  #ofSession(connection: Connection, session: Session, frame: FrameBytes): void {
    const envelope = this.#envelope
    if (!session.bucket.take(this.#now)) {
      const retryAfter = session.bucket.retryAfterSeconds()
      if (envelope.hasCallbackId()) this.#refuse(this.#answered(), fault('rate_limited'), { retryAfter })
      else this.#effects.tooFast(connection, retryAfter)
      return
    }
    const isNamed = envelope.isFrom(session.name)
    if (!isNamed) {
      const claimed = envelope.from()
      if (claimed !== undefined && claimed !== session.user) {
        this.#refuse(this.#answered(), fault('not_allowed', 'FromUserId is not your own user: leave it out.'))
        return
      }
    }
    const serverField = envelope.serverField()
    if (serverField !== undefined) {
      this.#refuse(this.#answered(), fault('not_allowed', `Only the server sets ${serverField}: leave it out.`))
      return
    }
    if (envelope.isToServer()) {
      this.#toServer(connection, session, frame)
      return
    }
    const problem = this.#relayFault() ?? this.#policyFault(session)
    if (problem !== undefined) {
      this.#refuse(this.#answered(), problem)
      return
    }
    if (envelope.hasSign()) {
      this.#signedToUser(connection, session, frame)
      return
    }
    if (this.#mustSign(session)) {
      this.#refuse(this.#answered(), fault('signature_required'))
      return
    }
    const addressing = addressingOf(envelope, frame.start, session.messageKeys)
    this.#add(connection, session, addressing, frame)
    session.shape.learn(envelope, addressing, frame)
  }

  #mustSign(session: Session): boolean {
    return this.#requiresSigning || session.policies.signedOnly
  }

  /** Adds a message that is accepted. Its order to those with signatures is kept: what was gathered of them goes first. */
  #add(connection: Connection, session: Session, addressing: Addressing, frame: FrameBytes): void {
    if (!this.#signedRuns.isEmpty()) this.#signedRuns.flush()
    this.#runs.add(connection, session, addressing, frame)
  }

  #flush(): void {
    this.#runs.flush()
    this.#signedRuns.flush()
  }

  /** Checks `Sign`; refuses the message when it is wrong, or not enough where messages must be signed. */
  #checkSign(session: Session): Exclude<SignOutcome, { kind: 'refused' }> | undefined {
    const outcome = this.#signatures.check(session, this.#envelope, Math.floor(Date.now() / 1000))
    if (outcome.kind === 'refused') {
      this.#refuse(this.#answered(), outcome.problem)
      return undefined
    }
    if (outcome.kind === 'good' && !outcome.coversBody && this.#mustSign(session)) {
      const message = 'Messages to users must be signed here by a scheme that covers them: PS256, or HS256.'
      this.#refuse(this.#answered(), fault('signature_required', message))
      return undefined
    }
    return outcome
  }

  #signedToUser(connection: Connection, session: Session, frame: FrameBytes): void {
    const envelope = this.#envelope
    const outcome = this.#checkSign(session)
    if (outcome === undefined) return
    const addressing = addressingOf(envelope, frame.start, session.messageKeys)
    if (outcome.kind === 'good') {
      this.#add(connection, session, addressing, frame)
      return
    }
    this.#runs.flush()
    const { callbackId } = addressing
    const { item, facts } = outcome
    const copy = this.#runs.frameWithSender(session, addressing, frame)
    const messageKey = addressing.key === undefined ? undefined : Buffer.from(addressing.key)
    this.#signedRuns.add(connection, session, { to: item.to, callbackId, messageKey, frame: copy, facts, item })
  }

  /** What is wrong with a message to a user. */
  #relayFault(): Fault | undefined {
    const envelope = this.#envelope
    if (envelope.isType(TEXT_MSG_REQUEST) && envelope.contentIsPlainMessage()) return undefined
    const type = envelope.type()
    const entity = entities.get(type)
    if (entity !== undefined) {
      if (entity.sender === 'server') return fault('not_allowed', `Only the server sends ${type}.`)
      if (entity.receiver === 'server') return fault('not_allowed', `${type} is for the server: leave ToUserId out.`)
    }
    const content = envelope.content()
    if (content === undefined) return fault('bad_envelope', 'Content is missing.')
    if (type === END_TO_END && (!envelope.clientMsgId() || envelope.createTime() === undefined)) {
      return fault('bad_envelope', `${type} needs ClientMsgId and CreateTime: they are signed with it.`)
    }
    const read = readContent(type, content)
    return 'fault' in read ? read.fault : undefined
  }

  /** What is wrong with the type of a message to a user, by what the session's user may send. */
  #policyFault({ policies: { endToEnd } }: Session): Fault | undefined {
    if (endToEnd === 'allow') return undefined
    const isEndToEnd = this.#envelope.type() === END_TO_END
    if (endToEnd === 'require') return isEndToEnd ? undefined : mustBeEndToEnd
    return isEndToEnd ? mustNotBeEndToEnd : undefined
  }

  #toServer(connection: Connection, session: Session, frame: FrameBytes): void {
    const envelope = this.#envelope
    const type = envelope.type()
    const content = envelope.content() ?? '{}'
    const problem = requestFault(type, content)
    if (problem !== undefined) {
      this.#refuse(this.#answered(), problem)
      return
    }
    if (type === 'HeartbeatRequest') {
      this.#effects.heartbeat(connection, envelope.callbackId())
      return
    }
    if (type === 'HeartbeatResponse') {
      this.#effects.heartbeatAnswered(connection)
      return
    }
    if (type === 'AckRequest' && !envelope.hasSign()) {
      const { Epoch, Seq } = JSON.parse(content) as AckRequest
      // An epoch that no server can have given lies behind all that were.
      const epoch = epochOf(Epoch) ?? Number.MAX_SAFE_INTEGER
      const callbackId = envelope.callbackId()
      this.#effects.acknowledge({ kind: 'acknowledged', connection: connection.id, epoch, seq: Seq, callbackId })
      return
    }
    const isBroadcast = type === 'BroadcastRequest'
    const isSigned = envelope.hasSign()
    if (isBroadcast && !isSigned && this.#mustSign(session)) {
      this.#refuse(this.#answered(), fault('signature_required'))
      return
    }
    const outcome = isSigned ? this.#checkSign(session) : undefined
    if (isSigned && outcome === undefined) return
    this.#flush()
    const byKey = outcome?.kind === 'byKey' ? outcome : undefined
    const bundle = byKey === undefined ? undefined : this.#signedRuns.bundleOf(byKey.item)
    if (bundle === undefined) session.unverified.followed(content.length)
    else session.unverified.began(content.length + bundle.length)
    this.#effects.request({
      kind: 'request',
      connection: connection.id,
      type,
      callbackId: envelope.callbackId(),
      // What is broadcast is the frame, and with a bundle a third copy would be more than a record takes.
      content: isBroadcast ? '' : content,
      frame: isBroadcast ? this.#runs.frameWithSender(session, addressingOf(envelope, frame.start), frame) : undefined,
      signed: byKey?.facts,
      bundle,
    })
  }
}

/** What is wrong with a request to the server. */
function requestFault(type: string, content: string): Fault | undefined {
  const entity = entities.get(type)
  if (entity === undefined) return fault('unknown_type', `This server does not know the type ${JSON.stringify(type)}.`)
  if (type === 'AuthRequest') return fault('not_allowed', 'This connection is logged in already.')
  if (entity.sender === 'server') return fault('not_allowed', `Only the server sends ${type}.`)
  if (entity.receiver === 'user') return fault('bad_envelope', `${type} needs a ToUserId.`)
  if (type === 'PlatformKeyRequest' || type === 'TerminalKeyMessage') return tooLateToSeal
  const read = readContent(type, content)
  return 'fault' in read ? read.fault : undefined
}

const tooLateToSeal: Fault = fault('not_allowed', 'A session is sealed before the login: connect again for that.')

const cutShort: Fault = fault('bad_frame', 'A frame was cut short: another START came before its END.')
const notInCharset: Fault = fault('bad_frame', 'The frame is not valid text in the charset of this connection.')
