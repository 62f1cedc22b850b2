/** What operators do: speak to everyone, and throw someone out. */

import type { Entity } from './entity.ts'
import { type Static, Type } from './type.ts'

/** The longest ban: ten years, in seconds. */
export const banSecondsMax = 315_360_000

const BroadcastRequestSchema = Type.Object({ Message: Type.String() })

/** `{Message}`; delivered as it is to everyone else online. */
export type BroadcastRequest = Static<typeof BroadcastRequestSchema>

const KickRequestSchema = Type.Object({
  UserId: Type.String({ minLength: 1, maxLength: 128 }),
  Reason: Type.Optional(Type.String({ maxLength: 256 })),
  BanSeconds: Type.Optional(Type.Integer({ minimum: 0, maximum: banSecondsMax })),
})

/** `{UserId, Reason?, BanSeconds?}`. */
export type KickRequest = Static<typeof KickRequestSchema>

export const broadcastRequest: Entity<typeof BroadcastRequestSchema> = {
  type: 'BroadcastRequest',
  schema: BroadcastRequestSchema,
  sender: 'client',
  receiver: 'server',
}
export const kickRequest: Entity<typeof KickRequestSchema> = {
  type: 'KickRequest',
  schema: KickRequestSchema,
  sender: 'client',
  receiver: 'server',
}
