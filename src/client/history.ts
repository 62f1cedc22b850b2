/** Conversations of the past: what is asked, and what the answers say. Pure. */
import { ParleyError } from './errors.ts'
import { type IncomingMessage, isRecord, messageOf } from './message.ts'

/** Which part of a conversation. Without a place: the newest messages. */
export interface HistoryOptions {
  /** Only what is older than this position. */
  readonly before?: number | undefined
  /** Only what is newer than this position. */
  readonly after?: number | undefined
  /** How many at most: 1 to 200; the server's default is 50. */
  readonly limit?: number | undefined
}

/** One message of the past. */
export interface PastMessage {
  /** Its place in the conversation: later ones have greater ones, holes are no loss. */
  readonly position: number
  readonly message: IncomingMessage
}

/** A page of a conversation. */
export interface HistoryPage {
  /** Oldest first. */
  readonly items: readonly PastMessage[]
  /** There are more in the direction that was asked: older ones, or with `after` newer ones. */
  readonly more: boolean
  /** How many messages of the other one this user has not read. */
  readonly unread: number
  /** Up to which position this user has read; 0: nothing. */
  readonly read: number
  /** Up to which position the other one has read; 0: nothing. */
  readonly readByOther: number
}

/** A conversation in the list of them. */
export interface Conversation {
  /** With whom. */
  readonly userId: string
  /** The position of its newest message. */
  readonly position: number
  /** When that was accepted, in Unix seconds. */
  readonly serverTime: number | undefined
  readonly unread: number
}

/** A page of the list. */
export interface ConversationPage {
  readonly items: readonly Conversation[]
  /** Given when there are more: the `after` of the next page. */
  readonly after: string | undefined
}

/** The content of a `HistoryRequest`. */
export function historyRequest(userId: string, { before, after, limit }: HistoryOptions): object {
  return {
    UserId: userId,
    ...(before === undefined ? {} : { Before: before }),
    ...(after === undefined ? {} : { After: after }),
    ...(limit === undefined ? {} : { Limit: limit }),
  }
}

/** The page in a `HistoryResponse`. What can't be read as a message is left out. */
export function historyIn({ content }: IncomingMessage): HistoryPage {
  const items = isRecord(content) ? content['Items'] : undefined
  if (!isRecord(content) || !Array.isArray(items)) {
    throw new ParleyError('bad_answer', { message: 'The answer has no messages of the past.' })
  }
  return {
    items: items.filter(isRecord).flatMap(pastMessageIn),
    more: content['More'] === true,
    unread: countOr0(content['Unread']),
    read: countOr0(content['Read']),
    readByOther: countOr0(content['ReadByOther']),
  }
}

/** The page in a `ConversationsResponse`. */
export function conversationsIn({ content }: IncomingMessage): ConversationPage {
  const items = isRecord(content) ? content['Items'] : undefined
  if (!isRecord(content) || !Array.isArray(items)) {
    throw new ParleyError('bad_answer', { message: 'The answer has no list of conversations.' })
  }
  const { After: after } = content
  return {
    items: items.filter(isRecord).flatMap((item) => {
      const { UserId: userId, ServerTime: serverTime } = item
      if (typeof userId !== 'string') return []
      return [
        {
          userId,
          position: countOr0(item['Position']),
          serverTime: typeof serverTime === 'number' ? serverTime : undefined,
          unread: countOr0(item['Unread']),
        },
      ]
    }),
    after: typeof after === 'string' && after !== '' ? after : undefined,
  }
}

function pastMessageIn(item: Readonly<Record<string, unknown>>): PastMessage[] {
  const { Position: position, Message: envelope } = item
  if (typeof position !== 'number' || !isRecord(envelope)) return []
  const message = messageOf(envelope)
  return message instanceof ParleyError ? [] : [{ position, message }]
}

function countOr0(value: unknown): number {
  return typeof value === 'number' && value > 0 ? value : 0
}
