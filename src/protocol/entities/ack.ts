/** "Everything up to Seq has arrived on this device." */

import type { Entity } from './entity.ts'
import { type Static, Type } from './type.ts'

const AckRequestSchema = Type.Object({
  Epoch: Type.String({ maxLength: 64 }),
  Seq: Type.Integer({ minimum: 0, maximum: 2 ** 53 - 1 }),
})

/** `{Epoch, Seq}`. */
export type AckRequest = Static<typeof AckRequestSchema>

export const ackRequest: Entity<typeof AckRequestSchema> = {
  type: 'AckRequest',
  schema: AckRequestSchema,
  sender: 'client',
  receiver: 'server',
}
