/** What an entity is: a `MsgType`, the schema of its `Content`, and who may send it to whom. */
import type { TSchema } from 'typebox'

/** Who may send an entity. */
export type EntitySender = 'client' | 'server' | 'either'
/**
 * What an entity may be addressed to: the server itself, a user (it is relayed as it is), either of them, or
 * a `client` (only the server sends it).
 */
export type EntityReceiver = 'server' | 'user' | 'either' | 'client'

/** One row of the table of entities. */
export interface Entity<Schema extends TSchema = TSchema> {
  readonly type: string
  readonly schema: Schema
  readonly sender: EntitySender
  readonly receiver: EntityReceiver
}
