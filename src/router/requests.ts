/** Requests of sessions to the server itself. Their content was checked against its schema by the acceptor. */
import type { AcknowledgedMessage, RequestMessage } from '../mailbox/router-messages.ts'
import type {
  AckRequest,
  CommonRequest,
  KickRequest,
  PasswordRequest,
  UserListRequest,
  UserListResponse,
} from '../protocol/entities/index.ts'
import { userListLimitDefault } from '../protocol/entities/index.ts'
import { errors, fault } from '../protocol/errors.ts'
import { epochOf } from '../security/message-id.ts'
import { refuse, say, succeed } from './answer.ts'
import { lookUp } from './delivery.ts'
import type { Asker, Refused } from './events.ts'
import { acknowledge } from './inbox/readers.ts'
import { isKeyRequest, keyRequest } from './keys.ts'
import { accountChanged, endSession } from './login.ts'
import { isPastRequest, pastRequest } from './past.ts'
import { looked, watch } from './presence.ts'
import { type Session, type Step, sessionOf } from './state.ts'

/** Takes one request. */
export function request(step: Step, message: RequestMessage): void {
  const session = sessionOf(step.state, message.connection)
  if (session === undefined) return
  switch (message.type) {
    case 'UserListRequest':
      listUsers(step, session, message, JSON.parse(message.content) as UserListRequest)
      break
    case 'CommonRequest':
      command(step, session, message, JSON.parse(message.content) as CommonRequest)
      break
    case 'BroadcastRequest':
      if (isOperator(step, session, message)) broadcast(step, session, message)
      break
    case 'KickRequest':
      if (isOperator(step, session, message)) kick(step, session, message, JSON.parse(message.content) as KickRequest)
      break
    case 'PasswordRequest':
      changePassword(step, session, message, JSON.parse(message.content) as PasswordRequest)
      break
    case 'AckRequest':
      acknowledgeBy(step, message)
      break
    default:
      if (isKeyRequest(message.type)) keyRequest(step, session, message)
      else if (isPastRequest(message.type)) pastRequest(step, session, message)
      else refuse(step, { ...message, toUser: false }, fault('not_supported'))
  }
}

/** An acknowledgement that came as a request. */
function acknowledgeBy(step: Step, message: RequestMessage): void {
  const { Epoch, Seq } = JSON.parse(message.content) as AckRequest
  // An epoch that no server can have given lies behind all that were.
  const epoch = epochOf(Epoch) ?? Number.MAX_SAFE_INTEGER
  const { connection, callbackId } = message
  acknowledged(step, { kind: 'acknowledged', connection, callbackId, epoch, seq: Seq })
}

/** A device has everything up to a place. */
export function acknowledged(step: Step, message: AcknowledgedMessage): void {
  const session = sessionOf(step.state, message.connection)
  if (session === undefined) return
  const { connection, callbackId } = message
  const asked = { connection, type: 'AckRequest', callbackId }
  // Whoever did not say at its login that it acknowledges is not heard, and not blamed.
  if (!session.acknowledges || acknowledge(step, session.user, connection, message)) succeed(step, asked)
  else refuse(step, { ...asked, toUser: false }, fault('bad_content', 'Nothing with that number was delivered yet.'))
}

function isOperator(step: Step, session: Session, message: RequestMessage): boolean {
  if (session.role === 'operator') return true
  refuse(step, { ...message, toUser: false }, fault('not_allowed', `${message.type} is for operators.`))
  return false
}

function listUsers(step: Step, session: Session, message: RequestMessage, content: UserListRequest): void {
  const { Prefix = '', After, Limit = userListLimitDefault } = content.Data ?? {}
  const page = step.state.names.page({ prefix: Prefix, after: After, limit: Limit })
  const response: UserListResponse = {
    Items: page.names.map((name) => ({ Text: name, Value: name })),
    Total: page.total,
    ...(page.after === undefined ? {} : { After: page.after }),
  }
  looked(step, session)
  say(step, message.connection, 'UserListResponse', response, message.callbackId)
}

function command(step: Step, session: Session, message: RequestMessage, content: CommonRequest): void {
  const on = presenceSwitch(content)
  if (content.Command !== 'presence') {
    const name = content.Command === undefined ? 'without a Command' : JSON.stringify(content.Command)
    refuse(step, { ...message, toUser: false }, fault('not_supported', `This server has no command ${name}.`))
  } else if (on === undefined) {
    const problem = fault(
      'bad_content',
      'Content.Data of the command "presence" must be {"On": true} or {"On": false}.',
    )
    refuse(step, { ...message, toUser: false }, problem)
  } else {
    watch(step, session, on)
    succeed(step, message, { On: on })
  }
}

/** `Data: {On}` of the command; without `Data` it means on. */
function presenceSwitch(content: CommonRequest): boolean | undefined {
  if (content.Data === undefined || content.Data === null) return true
  if (typeof content.Data !== 'object') return undefined
  const on: unknown = (content.Data as { On?: unknown }).On
  if (on === undefined) return true
  return typeof on === 'boolean' ? on : undefined
}

function broadcast(step: Step, session: Session, message: RequestMessage): void {
  if (message.frame === undefined) return
  const { state } = step
  const receivers = state.sessions - (state.users.get(session.user)?.length ?? 0)
  step.effects.push({
    kind: 'sendAll',
    message: { kind: 'deliverAll', audience: 'sessions', exceptUser: session.user, frames: message.frame },
  })
  succeed(step, message, { Status: 'sent', Receivers: receivers })
}

function kick(step: Step, session: Session, message: RequestMessage, content: KickRequest): void {
  const { callbackId, connection, type } = message
  const sessions = step.state.users.get(content.UserId)?.length ?? 0
  const asker: Asker = { kind: 'session', connection, type, callbackId }
  if (content.BanSeconds !== undefined && content.BanSeconds > 0) {
    const until = step.now + content.BanSeconds * 1000
    step.effects.push({ kind: 'ban', asker, userId: content.UserId, until, sessions })
    // An operator who bans the own account waits for the answer; the sessions end after it.
    if (content.UserId === session.user) return
  } else if (sessions === 0) {
    lookUp(step, content.UserId, asker)
  } else {
    // The answer goes first: an operator may throw out the own session.
    succeed(step, message, { Sessions: sessions })
  }
  endSessionsOf(step, content.UserId, content.Reason)
}

/** Throws all sessions of a user out; gives how many there were. */
export function endSessionsOf(step: Step, userId: string, reason: string | undefined): number {
  const sessions = [...(step.state.users.get(userId) ?? [])]
  const message = reason === undefined || reason === '' ? errors.kicked.message : `${errors.kicked.message} ${reason}`
  for (const session of sessions) {
    endSession(step, session, 'kicked', message)
    step.effects.push({
      kind: 'observed',
      name: 'kicked',
      user: userId,
      connection: session.connection,
      detail: reason ?? '',
    })
  }
  return sessions.length
}

function changePassword(step: Step, session: Session, message: RequestMessage, content: PasswordRequest): void {
  if (session.changesPassword) {
    refuse(step, { ...message, toUser: false }, fault('server_busy', 'A change of the password is under way.'))
    return
  }
  session.changesPassword = true
  step.effects.push({
    kind: 'changePassword',
    connection: message.connection,
    callbackId: message.callbackId,
    change: {
      userId: session.user,
      address: session.address,
      oldPassword: content.OldPassword,
      newPassword: content.NewPassword,
    },
  })
}

/** The password was changed, or not. */
export function passwordChanged(
  step: Step,
  answer: {
    connection: number
    userId: string
    callbackId: string | undefined
    verdict: { ok: true } | Refused
  },
): void {
  const { connection, userId, verdict } = answer
  const session = sessionOf(step.state, connection)
  // Also when who asked has gone: what the old password let in must end.
  if (verdict.ok) accountChanged(step, userId, session)
  if (session === undefined) return
  session.changesPassword = false
  const asked = { connection, type: 'PasswordRequest', callbackId: answer.callbackId }
  if (!verdict.ok) {
    const extras = verdict.retryAfterSeconds === undefined ? {} : { retryAfter: verdict.retryAfterSeconds }
    refuse(step, { ...asked, toUser: false }, fault(verdict.code, verdict.message), extras)
    return
  }
  succeed(step, asked)
  step.effects.push({ kind: 'observed', name: 'passwordChanged', user: userId, connection, detail: '' })
}
