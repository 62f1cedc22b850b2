/** How the router answers whoever asked: sessions over the wire, commands by their number. */
import type { ConnectionId } from '../mailbox/router-messages.ts'
import { type ErrorCode, type Fault, fault } from '../protocol/errors.ts'
import { type FaultExtras, frameOf, refusal, sentAnswers, serverMessage } from '../protocol/replies.ts'
import type { Asker } from './events.ts'
import type { Step } from './state.ts'

function seconds(now: number): number {
  return Math.floor(now / 1000)
}

/** Frames a message of the server's own. */
export function serverFrame(step: Step, type: string, content: unknown, callbackId?: string): Buffer {
  const body = serverMessage({ type, content, callbackId, time: seconds(step.now) })
  return frameOf(step.state.options.delimiters, body)
}

/** Sends a message of the server's own to one connection. */
export function say(step: Step, connection: ConnectionId, type: string, content: unknown, callbackId?: string): void {
  const frames = serverFrame(step, type, content, callbackId)
  step.effects.push({ kind: 'send', connection, message: { kind: 'deliver', connection, receipt: 0, frames } })
}

/** Tells a sender of messages to a user that they were written: one answer for each `CallbackID`, in one piece; nothing who gave none. */
export function confirmSent(step: Step, connection: ConnectionId, callbackIds: readonly string[]): void {
  // Messages with an id and without a question are waited for as well, so that a repeat of them can be answered.
  if (callbackIds.length === 0) return
  const frames = sentAnswers(step.state.options.delimiters, callbackIds, seconds(step.now))
  step.effects.push({ kind: 'send', connection, message: { kind: 'deliver', connection, receipt: 0, frames } })
}

/** What of a request is needed to answer it. */
export interface Request {
  readonly connection: ConnectionId
  readonly type: string
  readonly callbackId: string | undefined
}

/** Answers a request that succeeded; nobody is told who does not ask. */
export function succeed(step: Step, request: Request, data?: unknown): void {
  if (request.callbackId === undefined) return
  const content = data === undefined ? { Success: true } : { Success: true, Data: data }
  say(step, request.connection, 'CommonResponse', content, request.callbackId)
}

/** Answers a request, or a message to a user, that failed. */
export function refuse(step: Step, request: Request & { toUser: boolean }, problem: Fault, extras?: FaultExtras): void {
  const { connection } = request
  const frames = frameOf(step.state.options.delimiters, refusal(request, problem, seconds(step.now), extras))
  step.effects.push({ kind: 'send', connection, message: { kind: 'deliver', connection, receipt: 0, frames } })
}

/** The type by which refusals of user messages are answered; any that is no request to the server does. */
const userMessage = 'TextMsgRequest'

/**
 * Tells whoever asked that what was sent was not delivered.
 *
 * @param to the receiver, to be named to senders who gave no `CallbackID`; undefined when they are not told
 */
export function reject(step: Step, asker: Asker, code: ErrorCode, to: string | undefined): void {
  switch (asker.kind) {
    case 'command':
      step.effects.push({ kind: 'commandReply', id: asker.id, reply: { name: 'send', status: 'rejected', code } })
      break
    case 'session':
      refuse(
        step,
        { ...asker, toUser: true },
        fault(code),
        to === undefined ? {} : { detail: { ToUserId: to, Count: 1 } },
      )
      break
    case 'sender': {
      const { connection } = asker
      for (const callbackId of asker.callbackIds) {
        refuse(step, { connection, type: userMessage, callbackId, toUser: true }, fault(code))
      }
      if (asker.silent > 0 && to !== undefined) {
        const detail = { ToUserId: to, Count: asker.silent }
        refuse(step, { connection, type: userMessage, callbackId: undefined, toUser: true }, fault(code), { detail })
      }
      break
    }
    default:
      asker satisfies never
  }
}
