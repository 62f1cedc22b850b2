/** The shape of `tickets.json`. Tickets are opaque to clients: only the server's own code reads this file. */
import { createSecretKey } from 'node:crypto'
import type { TicketKeys } from '../../src/security/tickets.ts'

/** A ticket. */
export interface TicketCase {
  readonly name: string
  readonly valid: boolean
  readonly now: number
  readonly ticket: string
  /** Random bytes that it was made with, and what it says: of a valid one. */
  readonly nonce?: string
  readonly claims?: {
    readonly user: string
    readonly device: string
    readonly thumbprint: string
    readonly role: string
    readonly expires: number
    readonly generation: number
    readonly suite: 1 | 2
    readonly resumptionSecret: string
  }
}

/** The file. */
export interface TicketVectors {
  readonly description: string
  /** Newest first. */
  readonly ticketKeys: readonly { readonly id: string; readonly key: string }[]
  readonly tickets: readonly TicketCase[]
}

/** The ticket keys of the vectors, newest first. */
export const vectorTicketKeyBytes = [
  { id: '00000002', key: '22'.repeat(32) },
  { id: '00000001', key: '11'.repeat(32) },
] as const

/** The same, ready for use. */
export const vectorTicketKeys: TicketKeys = vectorTicketKeyBytes.map(({ id, key }) => ({
  id: Buffer.from(id, 'hex'),
  key: createSecretKey(Buffer.from(key, 'hex')),
}))
