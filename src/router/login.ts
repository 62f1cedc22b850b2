/** From AuthRequest to session, and every end of a session. */
import type { AuthenticateMessage, ConnectionId } from '../mailbox/router-messages.ts'
import type { AuthRequest, KeyEvent } from '../protocol/entities/index.ts'
import { type ErrorCode, errors, fault } from '../protocol/errors.ts'
import { frameOf, refusal } from '../protocol/replies.ts'
import { userIdFault } from '../protocol/user-id.ts'
import { say, serverFrame } from './answer.ts'
import type { LoginAttempt, LoginVerdict, Refused, SealedIdentity } from './events.ts'
import { beginReading, endOpening, mustOpen, type OpenedInbox, openInbox, resumeAnswer } from './inbox/opening.ts'
import { tellDelivered } from './inbox/removed.ts'
import { forgetIfIdle } from './inbox/upkeep.ts'
import { enter, leave } from './presence.ts'
import { noteReceiptAsker } from './receipt-askers.ts'
import { type Applicant, acceptorOf, applicantsOf, type DeviceClaim, type Session, type Step } from './state.ts'

/** A client wants to log in: hands its credentials to whoever checks them. */
export function authenticate(step: Step, message: AuthenticateMessage): void {
  const { state } = step
  const peer = state.peers.get(message.connection)
  if (peer !== undefined && peer.kind !== 'sealed') return
  // The acceptor has checked the content against the schema.
  const request = JSON.parse(message.content) as AuthRequest
  const sealed = peer === undefined ? undefined : withProof(peer.identity, message.proof)
  const applicant: Applicant = {
    kind: 'applicant',
    connection: message.connection,
    address: message.address,
    userId: request.UserId,
    callbackId: message.callbackId,
    device: {
      device: request.DeviceId ?? '',
      acknowledges: request.Ack === true,
      resume: request.Resume,
      wantsReceipts: request.Receipts,
    },
    opening: undefined,
    sealed,
    isOutdated: false,
    changes: [],
  }
  state.peers.set(message.connection, applicant)
  const nameProblem = userIdFault(request.UserId)
  if (nameProblem !== undefined) {
    refuseLogin(step, applicant, { ok: false, code: 'bad_content', message: `Content.UserId: ${nameProblem}.` })
    return
  }
  const attempt: LoginAttempt = {
    address: message.address,
    userId: request.UserId,
    ...(request.Password === undefined ? {} : { password: request.Password }),
    ...(request.Token === undefined ? {} : { token: request.Token }),
    ...(request.Register === undefined ? {} : { register: request.Register }),
    ...(sealed === undefined
      ? {}
      : { thumbprint: sealed.thumbprint, sealed: { ...sealed, deviceId: request.DeviceId } }),
  }
  step.effects.push({ kind: 'login', connection: message.connection, attempt })
}

/** The client's signature comes with the first login; each later one on the same connection is checked with it too. */
function withProof(identity: SealedIdentity, proof: Uint8Array | undefined): SealedIdentity {
  return proof === undefined ? identity : { ...identity, proof }
}

/** The client does not have the key that it named: no answer tells it what was wrong. */
function cutForged(step: Step, { connection, userId }: Applicant): void {
  step.state.peers.delete(connection)
  const detail = "the client's signature is wrong"
  step.effects.push({ kind: 'send', connection, message: { kind: 'cut', connection, detail } })
  step.effects.push({ kind: 'observed', name: 'loginFailed', user: userId, connection, detail: 'bad_signature' })
}

function refuseLogin(step: Step, applicant: Applicant, refused: Refused): void {
  const { peers } = step.state
  if (applicant.sealed === undefined) peers.delete(applicant.connection)
  else {
    const { connection, sealed } = applicant
    peers.set(connection, { kind: 'sealed', connection, identity: sealed })
  }
  const answered = { type: 'AuthRequest', toUser: false, callbackId: applicant.callbackId }
  const extras = refused.retryAfterSeconds === undefined ? {} : { retryAfter: refused.retryAfterSeconds }
  const body = refusal(answered, fault(refused.code, refused.message), Math.floor(step.now / 1000), extras)
  const frames = frameOf(step.state.options.delimiters, body)
  const { connection } = applicant
  step.effects.push({ kind: 'send', connection, message: { kind: 'refuseLogin', connection, frames } })
  step.effects.push({ kind: 'observed', name: 'loginFailed', user: applicant.userId, connection, detail: refused.code })
}

/** The credentials were checked. */
export function decideLogin(step: Step, connection: ConnectionId, verdict: LoginVerdict): void {
  const applicant = step.state.peers.get(connection)
  // The client has gone while its login was checked.
  if (applicant?.kind !== 'applicant') return
  if (!verdict.ok && verdict.code === 'bad_signature') {
    cutForged(step, applicant)
    return
  }
  if (!verdict.ok) {
    refuseLogin(step, applicant, verdict)
    return
  }
  if (applicant.isOutdated) {
    refuseLogin(step, applicant, { ok: false, code: 'auth_failed', message: errors.auth_failed.message })
    return
  }
  const problem = sessionsFault(step, verdict.userId)
  if (problem !== undefined) {
    refuseLogin(step, applicant, problem)
    return
  }
  if (!mustOpen(step, verdict.userId, applicant.device)) {
    begin(step, applicant, verdict, undefined)
    return
  }
  applicant.opening = { verdict, order: openInbox(step, connection, verdict.userId, applicant.device) }
}

/** Why a user can't have one more session. */
function sessionsFault({ state }: Step, user: string): Refused | undefined {
  const { sessionPolicy, userSessionsMax } = state.options
  const count = state.users.get(user)?.length ?? 0
  if (sessionPolicy !== 'multi' || count < userSessionsMax) return undefined
  const message = `The user has ${count} sessions, which is the most that this server allows: close one.`
  return { ok: false, code: 'server_busy', message }
}

/** The store has said how far the device of a client is that logs in; undefined when it could not. */
export function inboxOpened(step: Step, connection: ConnectionId, user: string, opened: OpenedInbox | undefined): void {
  const applicant = step.state.peers.get(connection)
  const opening = applicant?.kind === 'applicant' ? applicant.opening : undefined
  if (applicant?.kind === 'applicant' && opening !== undefined) {
    const refusal = refusalNow(step, applicant, user, opened)
    if (refusal !== undefined) refuseLogin(step, applicant, refusal)
    else if (opened !== undefined) begin(step, applicant, opening.verdict, { ...opening, opened })
  }
  endOpening(step, user, opening?.order ?? 0, opened)
  if (opened !== undefined) tellDelivered(step, opened.delivered)
}

/** What has come up since the credentials were checked. */
function refusalNow(
  step: Step,
  applicant: Applicant,
  user: string,
  opened: OpenedInbox | undefined,
): Refused | undefined {
  if (applicant.isOutdated) return { ok: false, code: 'auth_failed', message: errors.auth_failed.message }
  if (opened === undefined) return { ok: false, code: 'storage_failed', message: errors.storage_failed.message }
  return sessionsFault(step, user)
}

/** Begins a session; `asked` has what the store said of its device, if it was asked. */
function begin(
  step: Step,
  applicant: Applicant,
  verdict: Extract<LoginVerdict, { ok: true }>,
  asked: { readonly order: number; readonly opened: OpenedInbox } | undefined,
): void {
  const { connection, device } = applicant
  const { options, users } = step.state
  // A copy: the user's own list is about to get the new session.
  const others = [...(users.get(verdict.userId) ?? [])]
  const session: Session = {
    kind: 'session',
    connection,
    address: applicant.address,
    user: verdict.userId,
    sessionId: verdict.sessionId,
    role: verdict.role,
    acknowledges: device.acknowledges,
    watches: false,
    changesPassword: false,
    sealed:
      applicant.sealed === undefined
        ? undefined
        : { thumbprint: applicant.sealed.thumbprint, nonce: applicant.sealed.nonce },
    boundTo: verdict.boundTo,
    keys: new Map(verdict.keys),
    policies: verdict.policies,
    held: [],
    keyRequests: 0,
  }
  for (const change of applicant.changes) change(session)
  noteReceiptAsker(step, session.user, device.wantsReceipts)
  // The new one comes in before the old one goes: the user is never offline in between.
  enter(step, session)
  if (options.sessionPolicy === 'replace') for (const old of others) endSession(step, old, 'replaced')
  const content = {
    Success: true,
    UserId: verdict.userId,
    SessionId: verdict.sessionId,
    Role: verdict.role,
    Token: verdict.token,
    TokenExpires: verdict.tokenExpires,
    ...(verdict.ticket === undefined ? {} : { Ticket: verdict.ticket.text, TicketExpires: verdict.ticket.expires }),
    Version: 1,
    ...recovery(step, session, device, asked?.opened),
  }
  const frames = serverFrame(step, 'AuthResponse', content, applicant.callbackId)
  step.effects.push({
    kind: 'send',
    connection,
    message: {
      kind: 'beginSession',
      connection,
      user: session.user,
      device: device.device,
      frames,
      policies: session.policies,
      keys: [...session.keys],
    },
  })
  tellPendingKeys(step, session)
  step.effects.push({
    kind: 'observed',
    name: 'sessionBegan',
    user: session.user,
    connection,
    detail: applicant.address,
  })
  if (asked !== undefined) beginReading(step, session, device, asked)
}

/** What the answer says of messages that the client has missed. */
function recovery(step: Step, { user }: Session, claim: DeviceClaim, opened: OpenedInbox | undefined): object {
  if (claim.acknowledges && opened !== undefined) return resumeAnswer(step, user, claim, opened)
  // Nobody knows what a client has that does not acknowledge.
  return claim.resume === undefined ? {} : { Recovered: false }
}

/** Tells a session that has begun of keys of its user that wait for approval, unless one is its own. */
function tellPendingKeys(step: Step, session: Session): void {
  for (const { thumbprint, candidate } of step.state.pendingKeys.of(session.user, step.now)) {
    if (thumbprint === session.sealed?.thumbprint) continue
    const { userId, deviceId } = candidate
    const event: KeyEvent = { Kind: 'requested', UserId: userId, DeviceId: deviceId, Thumbprint: thumbprint }
    say(step, session.connection, 'KeyEvent', event)
  }
}

/** Ends a session from the server's side; the client is told why. */
export function endSession(
  step: Step,
  session: Session,
  reason: ErrorCode,
  message: string = errors[reason].message,
): void {
  leave(step, session)
  const { connection } = session
  step.effects.push({ kind: 'send', connection, message: { kind: 'close', connection, reason, message } })
  step.effects.push({ kind: 'observed', name: 'sessionEnded', user: session.user, connection, detail: reason })
}

/** A connection is gone. */
export function connectionClosed(step: Step, connection: ConnectionId): void {
  const peer = step.state.peers.get(connection)
  if (peer === undefined) return
  if (peer.kind === 'sealed' || peer.kind === 'exchanging') {
    step.state.peers.delete(connection)
    if (peer.kind === 'exchanging') step.effects.push({ kind: 'cancelExchange', connection })
    return
  }
  if (peer.kind === 'applicant') {
    step.state.peers.delete(connection)
    step.effects.push({ kind: 'cancelLogin', connection })
    return
  }
  leave(step, peer)
  step.effects.push({ kind: 'observed', name: 'sessionEnded', user: peer.user, connection, detail: 'closed' })
}

/** An account was changed: its sessions end, and logins that are being checked and keys that wait count no more. */
export function accountChanged(step: Step, userId: string, except?: Session): void {
  step.state.pendingKeys.forget(userId)
  for (const session of [...(step.state.users.get(userId) ?? [])]) {
    if (session !== except) endSession(step, session, 'account_changed')
  }
  voidLogins(step, userId)
  // It may not exist any more: the next message asks.
  forgetIfIdle(step, userId)
}

/** Logins of a user that are being checked count no more. */
export function voidLogins(step: Step, userId: string): void {
  for (const applicant of applicantsOf(step.state, userId)) applicant.isOutdated = true
}

/** An acceptor is gone, and its connections with it. */
export function acceptorLost(step: Step, acceptor: number): void {
  for (const connection of [...step.state.peers.keys()]) {
    if (acceptorOf(connection) === acceptor) connectionClosed(step, connection)
  }
}

/** The server is stopping: logins that are still being checked get their answer now. */
export function refuseApplicants(step: Step): void {
  const { code, message } = fault('server_draining')
  for (const peer of [...step.state.peers.values()]) {
    if (peer.kind !== 'applicant') continue
    step.effects.push({ kind: 'cancelLogin', connection: peer.connection })
    refuseLogin(step, peer, { ok: false, code, message })
  }
}
