/** A text from one user to another, delivered as it is. */

import type { Entity } from './entity.ts'
import { type Static, Type } from './type.ts'

const TextMsgRequestSchema = Type.Object({ Message: Type.String() })

/** `{Message}`. */
export type TextMsgRequest = Static<typeof TextMsgRequestSchema>

export const textMsgRequest: Entity<typeof TextMsgRequestSchema> = {
  type: 'TextMsgRequest',
  schema: TextMsgRequestSchema,
  sender: 'client',
  receiver: 'user',
}
