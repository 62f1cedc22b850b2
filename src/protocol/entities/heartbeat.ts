/** "Are you there?" Either side may ask. */

import type { Entity } from './entity.ts'
import { type Static, Type } from './type.ts'

const EmptySchema = Type.Object({})

/** `{}`. */
export type Heartbeat = Static<typeof EmptySchema>

export const heartbeatRequest: Entity<typeof EmptySchema> = {
  type: 'HeartbeatRequest',
  schema: EmptySchema,
  sender: 'either',
  receiver: 'either',
}
export const heartbeatResponse: Entity<typeof EmptySchema> = {
  type: 'HeartbeatResponse',
  schema: EmptySchema,
  sender: 'either',
  receiver: 'either',
}
