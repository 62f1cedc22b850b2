/** What went wrong, where no other answer has a place for it. */

import type { Entity } from './entity.ts'
import { type Static, Type } from './type.ts'

const ErrorResponseSchema = Type.Object({
  Code: Type.String(),
  Message: Type.String(),
  /** True when the same request, or a new connection, may succeed later. */
  Retryable: Type.Boolean(),
  Detail: Type.Optional(Type.Unknown()),
})

/** `{Code, Message, Retryable, Detail?}`. */
export type ErrorResponse = Static<typeof ErrorResponseSchema>

export const errorResponse: Entity<typeof ErrorResponseSchema> = {
  type: 'ErrorResponse',
  schema: ErrorResponseSchema,
  sender: 'server',
  receiver: 'client',
}
