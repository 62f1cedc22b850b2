/** The generic command and the generic answer. */

import type { Entity } from './entity.ts'
import { type Static, Type } from './type.ts'

const CommonRequestSchema = Type.Object({
  Command: Type.Optional(Type.String({ maxLength: 64 })),
  Data: Type.Optional(Type.Unknown()),
})

/** `{Command?, Data?}`. */
export type CommonRequest = Static<typeof CommonRequestSchema>

const CommonResponseSchema = Type.Object({
  Success: Type.Boolean(),
  Code: Type.Optional(Type.String()),
  Message: Type.Optional(Type.String()),
  Data: Type.Optional(Type.Unknown()),
})

/** What became of a message or a command. */
export type CommonResponse = Static<typeof CommonResponseSchema>

export const commonRequest: Entity<typeof CommonRequestSchema> = {
  type: 'CommonRequest',
  schema: CommonRequestSchema,
  sender: 'client',
  receiver: 'either',
}
export const commonResponse: Entity<typeof CommonResponseSchema> = {
  type: 'CommonResponse',
  schema: CommonResponseSchema,
  sender: 'server',
  receiver: 'client',
}
