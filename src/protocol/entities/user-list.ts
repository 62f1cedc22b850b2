/** Who is online: the request is a `CommonRequest` whose `Data` pages and filters. */

import type { Entity } from './entity.ts'
import { type Static, Type } from './type.ts'

/** Users on one page when the request does not say. */
export const userListLimitDefault = 100
/** The most users on one page. */
export const userListLimitMax = 1000

const UserListRequestSchema = Type.Object({
  Command: Type.Optional(Type.String({ maxLength: 64 })),
  Data: Type.Optional(
    Type.Object({
      Prefix: Type.Optional(Type.String({ maxLength: 128 })),
      After: Type.Optional(Type.String({ maxLength: 128 })),
      Limit: Type.Optional(Type.Integer({ minimum: 1, maximum: userListLimitMax })),
    }),
  ),
})

/** `{Data?: {Prefix?, After?, Limit?}}`. */
export type UserListRequest = Static<typeof UserListRequestSchema>

const UserListResponseSchema = Type.Object({
  Success: Type.Optional(Type.Boolean()),
  Code: Type.Optional(Type.String()),
  Message: Type.Optional(Type.String()),
  /** `Text` is for people, `Value` is the `UserId`. */
  Items: Type.Array(Type.Object({ Text: Type.String(), Value: Type.String() })),
  /** Users that fit the prefix, on all pages. */
  Total: Type.Integer(),
  /** Given when there are more: the `After` of the next request. */
  After: Type.Optional(Type.String()),
})

/** One page of the users online, in the order of their names' UTF-16 code units. */
export type UserListResponse = Static<typeof UserListResponseSchema>

export const userListRequest: Entity<typeof UserListRequestSchema> = {
  type: 'UserListRequest',
  schema: UserListRequestSchema,
  sender: 'client',
  receiver: 'server',
}
export const userListResponse: Entity<typeof UserListResponseSchema> = {
  type: 'UserListResponse',
  schema: UserListResponseSchema,
  sender: 'server',
  receiver: 'client',
}
