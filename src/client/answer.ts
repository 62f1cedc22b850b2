/** What an answer says: the failure in it, or the entity that was asked for. */
import { ParleyError } from './errors.ts'
import { type IncomingMessage, isRecord } from './message.ts'

/** The failure that a message of the server tells of, or undefined when it tells of none. What a user answers is the application's. */
export function failureIn(message: IncomingMessage): ParleyError | undefined {
  const { content, type } = message
  if (message.from !== '' || !isRecord(content)) return undefined
  if (type !== 'ErrorResponse' && content['Success'] !== false) return undefined
  const retryable = content['Retryable']
  const detail = content['Detail'] ?? content['Data']
  const retryAfter = content['RetryAfter'] ?? (isRecord(detail) ? detail['RetryAfter'] : undefined)
  return new ParleyError(textOr(content['Code'], 'bad_answer'), {
    message: textOr(content['Message'], undefined),
    retryable: typeof retryable === 'boolean' ? retryable : undefined,
    retryAfterMs: typeof retryAfter === 'number' && retryAfter > 0 ? retryAfter * 1000 : undefined,
    ...(detail === undefined ? {} : { detail }),
  })
}

/** What became of a message to a user, as the server knows it. */
export type SendStatus =
  /** A device of the receiver acknowledged it. */
  | 'delivered'
  /** It is on the server's disk. */
  | 'stored'
  /** It was written to a receiver whose client does not acknowledge. */
  | 'sent'
  /** Nothing is known: it was given to the connection without a `CallbackID`, so no answer comes. */
  | 'unconfirmed'

/** What became of a message to a user. */
export interface SendResult {
  readonly status: SendStatus
  /** The server's name for the message: later receipts, and `parley explain`, have it. Undefined where it gave none. */
  readonly msgId: string | undefined
  /** The sender's own name for it. */
  readonly clientMsgId: string
  /** The server has had it before: the status is that of the first time, and the receiver gets it once. */
  readonly duplicate: boolean
}

/** The result in the server's answer to a message. */
export function sendResultIn(message: IncomingMessage, clientMsgId: string): SendResult {
  const data = isRecord(message.content) ? message.content['Data'] : undefined
  const { Status: status, MsgId: msgId, Duplicate: duplicate }: Record<string, unknown> = isRecord(data) ? data : {}
  if (status !== 'delivered' && status !== 'stored' && status !== 'sent') {
    throw new ParleyError('bad_answer', { message: 'The server did not say what became of the message.' })
  }
  return { status, msgId: typeof msgId === 'string' ? msgId : undefined, clientMsgId, duplicate: duplicate === true }
}

/** What a login gave. */
export interface LoginResult {
  readonly userId: string
  readonly sessionId: string
  /** `user` or `operator`. */
  readonly role: string
  /** Logs the same user in again without the password. Keep it like a password. */
  readonly token: string | undefined
  /** Until when the token serves, in Unix seconds. */
  readonly tokenExpires: number | undefined
}

/** What resumes a sealed session without RSA, in the answer to a login. */
export interface LoginTicket {
  readonly ticket: string
  /** Unix seconds. */
  readonly expires: number
}

/** The ticket in a successful `AuthResponse`, where the server gives one. */
export function ticketIn(message: IncomingMessage): LoginTicket | undefined {
  const { content } = message
  if (!isRecord(content)) return undefined
  const { Ticket: ticket, TicketExpires: expires } = content
  return typeof ticket === 'string' && typeof expires === 'number' ? { ticket, expires } : undefined
}

/** The result in a successful `AuthResponse`, or the error that it is not one. */
export function loginIn(message: IncomingMessage): LoginResult | ParleyError {
  const { content, type } = message
  const failure = failureIn(message)
  if (failure !== undefined) return failure
  if (type !== 'AuthResponse' || !isRecord(content) || typeof content['UserId'] !== 'string') {
    return new ParleyError('bad_answer', { message: 'The answer to the login is not a full AuthResponse.' })
  }
  const { Token, TokenExpires } = content
  return {
    userId: content['UserId'],
    sessionId: textOr(content['SessionId'], ''),
    role: textOr(content['Role'], 'user'),
    token: typeof Token === 'string' ? Token : undefined,
    tokenExpires: typeof TokenExpires === 'number' ? TokenExpires : undefined,
  }
}

/** What became of a broadcast. */
export interface BroadcastResult {
  /** How many sessions it was sent to, where the server says. */
  readonly receivers: number | undefined
}

/** The result in the answer to a broadcast. */
export function broadcastIn(message: IncomingMessage): BroadcastResult {
  const data = isRecord(message.content) ? message.content['Data'] : undefined
  const receivers = isRecord(data) ? data['Receivers'] : undefined
  return { receivers: typeof receivers === 'number' ? receivers : undefined }
}

/** Someone who is online. */
export interface OnlineUser {
  readonly userId: string
  /** For people. */
  readonly text: string
}

/** One page of those who are online. */
export interface UserPage {
  readonly users: readonly OnlineUser[]
  /** Users that fit the prefix, on all pages. */
  readonly total: number
  /** Given when there are more: the `after` of the next page. */
  readonly after: string | undefined
}

/** The page in a `UserListResponse`. */
export function usersIn(message: IncomingMessage): UserPage {
  const { content } = message
  const items = isRecord(content) ? content['Items'] : undefined
  if (!isRecord(content) || !Array.isArray(items)) {
    throw new ParleyError('bad_answer', { message: 'The answer has no list of users.' })
  }
  const users = items.filter(isRecord).map((item) => {
    const userId = textOr(item['Value'], '')
    return { userId, text: textOr(item['Text'], userId) }
  })
  const { Total, After } = content
  return {
    users,
    total: typeof Total === 'number' ? Total : users.length,
    after: typeof After === 'string' && After !== '' ? After : undefined,
  }
}

function textOr<Other extends string | undefined>(value: unknown, other: Other): string | Other {
  return typeof value === 'string' && value !== '' ? value : other
}
