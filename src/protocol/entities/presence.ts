/** Someone came or went; sent to those who asked by `CommonRequest` with `Command: "presence"`. */

import type { Entity } from './entity.ts'
import { type Static, Type } from './type.ts'

const PresenceEventSchema = Type.Object({ UserId: Type.String(), Online: Type.Boolean() })

/** `{UserId, Online}`. */
export type PresenceEvent = Static<typeof PresenceEventSchema>

export const presenceEvent: Entity<typeof PresenceEventSchema> = {
  type: 'PresenceEvent',
  schema: PresenceEventSchema,
  sender: 'server',
  receiver: 'client',
}
