/** What became of messages after their senders were answered. */

import type { Entity } from './entity.ts'
import { type Static, Type } from './type.ts'

const ReceiptEventSchema = Type.Object({
  /** The receiver of the messages. */
  ToUserId: Type.String(),
  /**
   * `delivered`: a device of the receiver has acknowledged them. `read`: the receiver has read up to the one that is named.
   * `dropped`: they had to make room in a full inbox; `expired`: their time was over before the receiver came.
   */
  Status: Type.Union([
    Type.Literal('delivered'),
    Type.Literal('read'),
    Type.Literal('dropped'),
    Type.Literal('expired'),
  ]),
  Items: Type.Array(Type.Object({ MsgId: Type.String() })),
})

/** `{ToUserId, Status, Items}`. */
export type ReceiptEvent = Static<typeof ReceiptEventSchema>

export const receiptEvent: Entity<typeof ReceiptEventSchema> = {
  type: 'ReceiptEvent',
  schema: ReceiptEventSchema,
  sender: 'server',
  receiver: 'client',
}
