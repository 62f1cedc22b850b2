/** A message that only its receiver can read: the server passes it on as it is. */

import type { Entity } from './entity.ts'
import { type Static, Type } from './type.ts'

const EndToEndMsgRequestSchema = Type.Object({
  Jws: Type.String({ pattern: '^[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+$' }),
})

/** `{Jws}`: a JWS in compact form, signed by the sender, over a JWE for the receiver's devices. */
export type EndToEndMsgRequest = Static<typeof EndToEndMsgRequestSchema>

export const endToEndMsgRequest: Entity<typeof EndToEndMsgRequestSchema> = {
  type: 'EndToEndMsgRequest',
  schema: EndToEndMsgRequestSchema,
  sender: 'client',
  receiver: 'user',
}
