/** Whose key is whose: requests of sessions about keys, what becomes of them, and who is told. */
import type { RequestMessage } from '../mailbox/router-messages.ts'
import type { DeviceKey, Policies } from '../mailbox/store-messages.ts'
import type {
  ApproveKeyRequest,
  EnrolKeyRequest,
  KeyDirectoryRequest,
  KeyDirectoryResponse,
  KeyEvent,
  RevokeKeyRequest,
} from '../protocol/entities/index.ts'
import { fault } from '../protocol/errors.ts'
import { refuse, say, succeed } from './answer.ts'
import type { Asker, KeyApproval, KeyRequest, KeyVerdict } from './events.ts'
import { endSession, voidLogins } from './login.ts'
import { applicantsOf, type Session, type Step, sessionOf } from './state.ts'

/** Whether a type is a request about keys. */
export function isKeyRequest(type: string): boolean {
  return keyRequests.has(type)
}

const keyRequests: ReadonlySet<string> = new Set([
  'EnrolKeyRequest',
  'ApproveKeyRequest',
  'RevokeKeyRequest',
  'KeyDirectoryRequest',
])

/** Takes a request about keys: has it done. */
export function keyRequest(step: Step, session: Session, message: RequestMessage): void {
  const { connection, type, callbackId } = message
  const asked = { ...message, toUser: false }
  if (session.sealed === undefined) {
    refuse(step, asked, fault('sealing_required', 'Keys are for sealed sessions only.'))
    return
  }
  if (session.keyRequests >= step.state.options.keyRequestsMax) {
    refuse(step, asked, fault('server_busy', 'Too many requests about keys are under way.'))
    return
  }
  const request = readRequest(step, session, session.sealed.nonce, message)
  if ('code' in request) {
    refuse(step, asked, request)
    return
  }
  session.keyRequests++
  step.effects.push({ kind: 'keyRequest', asker: { kind: 'session', connection, type, callbackId }, request })
}

/** The acceptor has checked the content against the schema. */
function readRequest(
  step: Step,
  session: Session,
  nonce: string,
  message: RequestMessage,
): KeyRequest | ReturnType<typeof fault> {
  const userId = session.user
  switch (message.type) {
    case 'EnrolKeyRequest': {
      const { Key, DeviceId, Signature, Approval } = JSON.parse(message.content) as EnrolKeyRequest
      const candidate = { userId, deviceId: DeviceId, key: Key, signature: Signature }
      if (Approval === undefined) return { kind: 'enrol', candidate, nonce, approval: undefined }
      const approval = approvalOf(session, Approval.Key, Approval.Signature)
      return approval === undefined ? notEnrolled : { kind: 'enrol', candidate, nonce, approval }
    }
    case 'ApproveKeyRequest': {
      const { Thumbprint, Key, Signature } = JSON.parse(message.content) as ApproveKeyRequest
      const pending = step.state.pendingKeys.find(userId, Thumbprint, step.now)
      if (pending === undefined) return notPending
      const approval = approvalOf(session, Key, Signature)
      return approval === undefined ? notEnrolled : { kind: 'approve', candidate: pending.candidate, approval }
    }
    case 'RevokeKeyRequest': {
      const { Thumbprint } = JSON.parse(message.content) as RevokeKeyRequest
      return { kind: 'revoke', userId, thumbprint: Thumbprint, by: session.sealed?.thumbprint ?? Thumbprint }
    }
    default: {
      const { UserId, After } = JSON.parse(message.content) as KeyDirectoryRequest
      return { kind: 'readLog', userId: UserId, from: After === undefined ? 0 : After + 1 }
    }
  }
}

function approvalOf(session: Session, thumbprint: string, signature: string): KeyApproval | undefined {
  const modulus = session.keys.get(thumbprint)
  return modulus === undefined ? undefined : { thumbprint, modulus, signature }
}

const notEnrolled = fault('not_allowed', 'The key that approves is not enrolled for this user.')
const notPending = fault('not_allowed', 'No such key waits for approval; who has it must ask again.')

/** An operator approves a key. */
export function approveAsOperator(step: Step, id: number, userId: string, thumbprint: string): void {
  const pending = step.state.pendingKeys.find(userId, thumbprint, step.now)
  if (pending === undefined) {
    step.effects.push({ kind: 'commandReply', id, reply: { name: 'approveKey', problem: notPending } })
    return
  }
  const request: KeyRequest = { kind: 'approve', candidate: pending.candidate, approval: 'operator' }
  step.effects.push({ kind: 'keyRequest', asker: { kind: 'command', id }, request })
}

/** A request about keys was done, or not. */
export function keyDecided(step: Step, answer: { asker: Asker; request: KeyRequest; verdict: KeyVerdict }): void {
  const { asker, request, verdict } = answer
  const asking = asker.kind === 'session' ? sessionOf(step.state, asker.connection) : undefined
  if (asking !== undefined) asking.keyRequests--
  switch (verdict.kind) {
    case 'enrolled':
      answerKey(step, asker, verdict.key.thumbprint, 'enrolled')
      if (request.kind === 'enrol' || request.kind === 'approve') {
        keyEnrolled(step, request.candidate.userId, verdict.key, asking)
      }
      break
    case 'unapproved':
      if (request.kind === 'enrol') keyUnapproved(step, asker, verdict.thumbprint, request)
      break
    case 'revoked':
      answerKey(step, asker, verdict.key.thumbprint, 'revoked')
      if (request.kind === 'revoke') keysRevoked(step, request.userId, [verdict.key], asking)
      break
    case 'log':
      if (request.kind === 'readLog' && asker.kind === 'session') {
        const response: KeyDirectoryResponse = {
          Success: true,
          UserId: request.userId,
          Entries: verdict.entries.map(entryOnWire),
          More: verdict.more,
        }
        say(step, asker.connection, 'KeyDirectoryResponse', response, asker.callbackId)
      }
      break
    case 'refused':
      if (asker.kind === 'session') refuse(step, { ...asker, toUser: false }, verdict.problem)
      else if (asker.kind === 'command') {
        step.effects.push({
          kind: 'commandReply',
          id: asker.id,
          reply: { name: 'approveKey', problem: verdict.problem },
        })
      }
      break
    default:
      verdict satisfies never
  }
}

function answerKey(step: Step, asker: Asker, thumbprint: string, status: 'enrolled' | 'revoked'): void {
  if (asker.kind === 'session') succeed(step, asker, { Thumbprint: thumbprint, Status: status })
  else if (asker.kind === 'command') {
    step.effects.push({ kind: 'commandReply', id: asker.id, reply: { name: 'approveKey', problem: undefined } })
  }
}

type LogVerdict = Extract<KeyVerdict, { kind: 'log' }>

function entryOnWire(entry: LogVerdict['entries'][number]): KeyDirectoryResponse['Entries'][number] {
  return {
    Index: entry.index,
    Kind: entry.kind,
    Time: entry.time,
    DeviceId: entry.deviceId,
    Thumbprint: entry.thumbprint,
    Key: entry.key,
    ApprovedBy: entry.approvedBy,
    Server: entry.server,
    Signature: entry.signature,
    Previous: entry.previous,
    Hash: entry.hash,
  }
}

function keyUnapproved(
  step: Step,
  asker: Asker,
  thumbprint: string,
  { candidate }: Extract<KeyRequest, { kind: 'enrol' }>,
): void {
  if (asker.kind !== 'session') return
  const asked = { ...asker, toUser: false }
  const { state, effects } = step
  const { userId, deviceId } = candidate
  if (!state.pendingKeys.add(thumbprint, candidate, step.now)) {
    refuse(step, asked, fault('server_busy', 'Too many keys wait for approval: have them approved, or wait an hour.'))
    return
  }
  refuse(step, asked, fault('approval_required'))
  const event: KeyEvent = { Kind: 'requested', UserId: userId, DeviceId: deviceId, Thumbprint: thumbprint }
  for (const { connection } of state.users.get(userId) ?? []) {
    if (connection !== asker.connection) say(step, connection, 'KeyEvent', event)
  }
  effects.push({
    kind: 'observed',
    name: 'keyRequested',
    user: userId,
    connection: asker.connection,
    detail: thumbprint,
  })
}

function keyEnrolled(step: Step, userId: string, key: DeviceKey, asking: Session | undefined): void {
  const { state } = step
  const { thumbprint, deviceId } = key
  state.pendingKeys.take(userId, thumbprint, step.now)
  const add = (session: Session): void => {
    session.keys.set(thumbprint, key.key.n)
  }
  for (const applicant of applicantsOf(state, userId)) applicant.changes.push(add)
  const event: KeyEvent = { Kind: 'enrolled', UserId: userId, DeviceId: deviceId, Thumbprint: thumbprint }
  for (const session of state.users.get(userId) ?? []) {
    add(session)
    tellAcceptor(step, session)
    if (session !== asking) say(step, session.connection, 'KeyEvent', event)
  }
  const connection = asking?.connection ?? 0
  step.effects.push({ kind: 'observed', name: 'keyEnrolled', user: userId, connection, detail: thumbprint })
}

/** Keys were revoked: the sessions that depend on them end, and the others are told. */
export function keysRevoked(step: Step, userId: string, keys: readonly DeviceKey[], asking: Session | undefined): void {
  const { state } = step
  for (const { thumbprint, deviceId } of keys) {
    state.pendingKeys.take(userId, thumbprint, step.now)
    const event: KeyEvent = { Kind: 'revoked', UserId: userId, DeviceId: deviceId, Thumbprint: thumbprint }
    for (const session of [...(state.users.get(userId) ?? [])]) {
      session.keys.delete(thumbprint)
      if (session.sealed?.thumbprint === thumbprint || session.boundTo.includes(thumbprint)) {
        endSession(step, session, 'key_revoked')
        continue
      }
      tellAcceptor(step, session)
      if (session !== asking) say(step, session.connection, 'KeyEvent', event)
    }
    const connection = asking?.connection ?? 0
    step.effects.push({ kind: 'observed', name: 'keyRevoked', user: userId, connection, detail: thumbprint })
  }
  voidLogins(step, userId)
}

/** What a user may send was changed. */
export function policiesChanged(step: Step, userId: string, policies: Policies): void {
  const set = (session: Session): void => {
    session.policies = policies
  }
  for (const applicant of applicantsOf(step.state, userId)) applicant.changes.push(set)
  for (const session of step.state.users.get(userId) ?? []) {
    set(session)
    tellAcceptor(step, session)
  }
}

function tellAcceptor(step: Step, { connection, policies, keys }: Session): void {
  step.effects.push({
    kind: 'send',
    connection,
    message: { kind: 'changeSession', connection, policies, keys: [...keys] },
  })
}
