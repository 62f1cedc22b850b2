/** How the server answers: the one place that knows which answer belongs to which request. */
import type {
  AuthResponse,
  CommonResponse,
  ConversationsResponse,
  ErrorResponse,
  HistoryResponse,
  KeyDirectoryResponse,
  UserListResponse,
} from './entities/index.ts'
import { writeEnvelope } from './envelope.ts'
import { errors, type Fault } from './errors.ts'

/** The request that is answered, as far as it could be read. */
export interface Answered {
  /** Undefined when the request could not be read so far. */
  readonly type: string | undefined
  /** Whether it was addressed to a user. */
  readonly toUser: boolean
  readonly callbackId: string | undefined
}

/** What the server adds to a fault. */
export interface FaultExtras {
  /** Seconds after which it may be tried again. */
  readonly retryAfter?: number
  /** What a program may want to know, for `ErrorResponse.Detail`. */
  readonly detail?: unknown
}

/** Writes a message of the server's own. `time` is Unix time in seconds. It has no `FromUserId`: that is how clients know it. */
export function serverMessage(message: {
  type: string
  content: unknown
  callbackId: string | undefined
  time: number
}): string {
  const fields = { MsgType: message.type, CreateTime: message.time }
  return writeEnvelope(
    message.callbackId === undefined ? fields : { ...fields, CallbackID: message.callbackId },
    message.content,
  )
}

/**
 * Writes the one answer to a request that failed: its own response type, `CommonResponse` for messages to users and
 * commands, `ErrorResponse` where there is no response type, the request could not be read, or nobody
 * waits for an answer. `time` is Unix time in seconds.
 */
export function refusal(answered: Answered, problem: Fault, time: number, extras: FaultExtras = {}): string {
  const { type, content } = refusalContent(answered, problem, extras)
  return serverMessage({ type, content, callbackId: answered.callbackId, time })
}

function refusalContent(answered: Answered, problem: Fault, extras: FaultExtras): { type: string; content: unknown } {
  const failed = { Success: false, Code: problem.code, Message: problem.message }
  const retry = extras.retryAfter === undefined ? {} : { RetryAfter: extras.retryAfter }
  if (answered.type === 'AuthRequest' && !answered.toUser) {
    return { type: 'AuthResponse', content: { ...failed, ...retry } satisfies AuthResponse }
  }
  if (answered.callbackId !== undefined && answered.type !== undefined) {
    if (answered.toUser) {
      const content: CommonResponse = { ...failed, Data: { Status: 'rejected', ...retry } }
      return { type: 'CommonResponse', content }
    }
    if (answered.type === 'UserListRequest') {
      return { type: 'UserListResponse', content: { ...failed, Items: [], Total: 0 } satisfies UserListResponse }
    }
    if (answered.type === 'KeyDirectoryRequest') {
      const content: KeyDirectoryResponse = { ...failed, UserId: '', Entries: [], More: false }
      return { type: 'KeyDirectoryResponse', content }
    }
    if (answered.type === 'HistoryRequest') {
      return { type: 'HistoryResponse', content: { ...failed, Items: [] } satisfies HistoryResponse }
    }
    if (answered.type === 'ConversationsRequest') {
      return { type: 'ConversationsResponse', content: { ...failed, Items: [] } satisfies ConversationsResponse }
    }
    if (answersCommon.has(answered.type)) return { type: 'CommonResponse', content: failed satisfies CommonResponse }
  }
  const content: ErrorResponse = {
    Code: problem.code,
    Message: problem.message,
    Retryable: errors[problem.code].retryable,
    ...(extras.detail === undefined && extras.retryAfter === undefined
      ? {}
      : { Detail: { ...retry, ...(extras.detail as object | undefined) } }),
  }
  return { type: 'ErrorResponse', content }
}

/** Requests to the server whose answer is a `CommonResponse`. */
const answersCommon: ReadonlySet<string> = new Set([
  'CommonRequest',
  'BroadcastRequest',
  'KickRequest',
  'PasswordRequest',
  'AckRequest',
  'EnrolKeyRequest',
  'ApproveKeyRequest',
  'RevokeKeyRequest',
  'ReadRequest',
])

/** Puts a body into a frame of the server's own form. */
export function frameOf(delimiters: { readonly start: number; readonly end: number }, body: string): Buffer {
  const bytes = Buffer.allocUnsafe(Buffer.byteLength(body) + 2)
  bytes[0] = delimiters.start
  bytes.write(body, 1, 'utf8')
  bytes[bytes.length - 1] = delimiters.end
  return bytes
}

const sentContent = JSON.stringify(JSON.stringify({ Success: true, Data: { Status: 'sent' } } satisfies CommonResponse))

/**
 * The answers to messages that were written to their receiver, framed one after the other. They differ in their
 * `CallbackID` only, so they are put together from text: an answer then costs a fifth of what two passes of
 * `JSON.stringify` cost. `time` is Unix time in seconds.
 */
export function sentAnswers(
  delimiters: { readonly start: number; readonly end: number },
  callbackIds: readonly string[],
  time: number,
): Buffer {
  const head = `{"MsgType":"CommonResponse","CreateTime":${time},"CallbackID":`
  const tail = `,"Content":${sentContent}}`
  const ids = callbackIds.map((id) => JSON.stringify(id))
  let byteCount = ids.length * (head.length + tail.length + 2)
  for (const id of ids) byteCount += Buffer.byteLength(id)
  const frames = Buffer.allocUnsafe(byteCount)
  let at = 0
  for (const id of ids) {
    frames[at++] = delimiters.start
    at += frames.write(head + id + tail, at)
    frames[at++] = delimiters.end
  }
  return frames
}
