/** From AuthRequest to session, and every end of a session. */
import type { AuthenticateMessage, ConnectionId } from '../mailbox/router-messages.ts'
import type { AuthRequest } from '../protocol/entities/index.ts'
import { type ErrorCode, errors, fault } from '../protocol/errors.ts'
import { frameOf, refusal } from '../protocol/replies.ts'
import { userIdFault } from '../protocol/user-id.ts'
import { serverFrame } from './answer.ts'
import type { LoginAttempt, LoginVerdict, Refused } from './events.ts'
import { enter, leave } from './presence.ts'
import { type Applicant, acceptorOf, type Session, type Step } from './state.ts'

/** A client wants to log in: hands its credentials to whoever checks them. */
export function authenticate(step: Step, message: AuthenticateMessage): void {
  const { state } = step
  if (state.peers.has(message.connection)) return
  // The acceptor has checked the content against the schema.
  const request = JSON.parse(message.content) as AuthRequest
  const applicant: Applicant = {
    kind: 'applicant',
    connection: message.connection,
    address: message.address,
    userId: request.UserId,
    callbackId: message.callbackId,
    wantsResume: request.Resume !== undefined,
    isOutdated: false,
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
  }
  step.effects.push({ kind: 'login', connection: message.connection, attempt })
}

function refuseLogin(step: Step, applicant: Applicant, refused: Refused): void {
  step.state.peers.delete(applicant.connection)
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
  if (!verdict.ok) {
    refuseLogin(step, applicant, verdict)
    return
  }
  if (applicant.isOutdated) {
    refuseLogin(step, applicant, { ok: false, code: 'auth_failed', message: errors.auth_failed.message })
    return
  }
  const { options, users } = step.state
  // A copy: the user's own list is about to get the new session.
  const others = [...(users.get(verdict.userId) ?? [])]
  if (options.sessionPolicy === 'multi' && others.length >= options.userSessionsMax) {
    const message = `The user has ${others.length} sessions, which is the most that this server allows: close one.`
    refuseLogin(step, applicant, { ok: false, code: 'server_busy', message })
    return
  }
  const session: Session = {
    kind: 'session',
    connection,
    address: applicant.address,
    user: verdict.userId,
    sessionId: verdict.sessionId,
    role: verdict.role,
    watches: false,
    changesPassword: false,
  }
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
    Version: 1,
    // Nothing is stored for who is away: what was missed can't be recovered.
    ...(applicant.wantsResume ? { Recovered: false } : {}),
  }
  const frames = serverFrame(step, 'AuthResponse', content, applicant.callbackId)
  step.effects.push({
    kind: 'send',
    connection,
    message: { kind: 'beginSession', connection, user: session.user, frames },
  })
  step.effects.push({
    kind: 'observed',
    name: 'sessionBegan',
    user: session.user,
    connection,
    detail: applicant.address,
  })
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
  if (peer.kind === 'applicant') {
    step.state.peers.delete(connection)
    step.effects.push({ kind: 'cancelLogin', connection })
    return
  }
  leave(step, peer)
  step.effects.push({ kind: 'observed', name: 'sessionEnded', user: peer.user, connection, detail: 'closed' })
}

/** An account was changed: its sessions end, and logins that are being checked count no more. */
export function accountChanged(step: Step, userId: string, except?: Session): void {
  for (const session of [...(step.state.users.get(userId) ?? [])]) {
    if (session !== except) endSession(step, session, 'account_changed')
  }
  voidLogins(step, userId)
}

/** Logins of a user that are being checked count no more. */
export function voidLogins(step: Step, userId: string): void {
  for (const peer of step.state.peers.values()) {
    if (peer.kind === 'applicant' && peer.userId === userId) peer.isOutdated = true
  }
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
