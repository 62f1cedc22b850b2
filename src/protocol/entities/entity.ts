/** What an entity is: a `MsgType`, the schema of its `Content`, and who may send it to whom. */
import type { TSchema } from 'typebox'

/** Who may send an entity. */
export type EntitySender = 'client' | 'server' | 'either'
/** What an entity may be addressed to. A `client` entity for a `user` is relayed as it is. */
export type EntityReceiver = 'server' | 'user' | 'client'

/** One row of the table of entities. */
export interface Entity<Schema extends TSchema = TSchema> {
  readonly type: string
  readonly schema: Schema
  readonly sender: EntitySender
  readonly receiver: EntityReceiver
}
