/**
 * What was said before: a page of a conversation, and the list of conversations. Both users of a conversation have the same
 * one. `GroupId` in the place of `UserId` is left for groups, and `EditEvent` and `TypingEvent` for what their names say.
 */

import type { Entity } from './entity.ts'
import { type Static, Type } from './type.ts'

/** Messages, or conversations, on one page when the request does not say. */
export const historyLimitDefault = 50
/** The most of them on one page. */
export const historyLimitMax = 200

const position = Type.Integer({ minimum: 0, maximum: 2 ** 53 - 1 })
const limit = Type.Integer({ minimum: 1, maximum: historyLimitMax })
const failure = { Code: Type.Optional(Type.String()), Message: Type.Optional(Type.String()) }

const HistoryRequestSchema = Type.Object({
  /** The other one. */
  UserId: Type.String({ minLength: 1, maxLength: 128 }),
  /** Only what is older than this position; not together with `After`. Without both: the newest messages. */
  Before: Type.Optional(position),
  /** Only what is newer. */
  After: Type.Optional(position),
  Limit: Type.Optional(limit),
})

/** `{UserId, Before?, After?, Limit?}`. */
export type HistoryRequest = Static<typeof HistoryRequestSchema>

const HistoryResponseSchema = Type.Object({
  Success: Type.Boolean(),
  ...failure,
  UserId: Type.Optional(Type.String()),
  /** Oldest first. `Message` is the envelope as the receiver got it. */
  Items: Type.Array(Type.Object({ Position: position, Message: Type.Object({}) })),
  /** There are more in the direction that was asked: older ones, or newer ones with `After`. */
  More: Type.Optional(Type.Boolean()),
  /** Messages of the other one that were not read. */
  Unread: Type.Optional(position),
  /** Up to which position I have read, and the other one; 0: nothing. */
  Read: Type.Optional(position),
  ReadByOther: Type.Optional(position),
})

/** A page of a conversation. */
export type HistoryResponse = Static<typeof HistoryResponseSchema>

const ConversationsRequestSchema = Type.Object({
  /** The `After` of the page before. */
  After: Type.Optional(Type.String({ maxLength: 128 })),
  Limit: Type.Optional(limit),
})

/** `{After?, Limit?}`. */
export type ConversationsRequest = Static<typeof ConversationsRequestSchema>

const ConversationsResponseSchema = Type.Object({
  Success: Type.Boolean(),
  ...failure,
  /** In the order of the names' UTF-8 bytes. `Position` and `ServerTime` (Unix seconds) are those of the newest message. */
  Items: Type.Array(
    Type.Object({ UserId: Type.String(), Position: position, ServerTime: Type.Integer(), Unread: position }),
  ),
  /** Given when there are more. */
  After: Type.Optional(Type.String()),
})

/** A page of the list of conversations. */
export type ConversationsResponse = Static<typeof ConversationsResponseSchema>

const ReadRequestSchema = Type.Object({
  UserId: Type.String({ minLength: 1, maxLength: 128 }),
  MsgId: Type.String({ minLength: 1, maxLength: 64 }),
})

/** `{UserId, MsgId}`: what that user has sent me was read up to this message. */
export type ReadRequest = Static<typeof ReadRequestSchema>

export const historyRequest: Entity<typeof HistoryRequestSchema> = {
  type: 'HistoryRequest',
  schema: HistoryRequestSchema,
  sender: 'client',
  receiver: 'server',
}
export const historyResponse: Entity<typeof HistoryResponseSchema> = {
  type: 'HistoryResponse',
  schema: HistoryResponseSchema,
  sender: 'server',
  receiver: 'client',
}
export const conversationsRequest: Entity<typeof ConversationsRequestSchema> = {
  type: 'ConversationsRequest',
  schema: ConversationsRequestSchema,
  sender: 'client',
  receiver: 'server',
}
export const conversationsResponse: Entity<typeof ConversationsResponseSchema> = {
  type: 'ConversationsResponse',
  schema: ConversationsResponseSchema,
  sender: 'server',
  receiver: 'client',
}
export const readRequest: Entity<typeof ReadRequestSchema> = {
  type: 'ReadRequest',
  schema: ReadRequestSchema,
  sender: 'client',
  receiver: 'server',
}
