/** Logging in: the first message of a client, and its answer. */

import type { Entity } from './entity.ts'
import { type Static, Type } from './type.ts'

const AuthRequestSchema = Type.Object({
  UserId: Type.String({ minLength: 1, maxLength: 128 }),
  Password: Type.Optional(Type.String({ minLength: 1, maxLength: 1024 })),
  Token: Type.Optional(Type.String({ minLength: 1, maxLength: 1024 })),
  /** Makes the account first, where the server allows that. Needs `Password`. */
  Register: Type.Optional(Type.Boolean()),
  DeviceId: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  Client: Type.Optional(Type.String({ maxLength: 128 })),
  Version: Type.Optional(Type.Literal(1)),
  Ack: Type.Optional(Type.Boolean()),
  /** This client wants to hear what becomes of its messages later: `ReceiptEvent`s. */
  Receipts: Type.Optional(Type.Boolean()),
  Resume: Type.Optional(
    Type.Object({ Epoch: Type.String({ maxLength: 64 }), Seq: Type.Integer({ minimum: 0, maximum: 2 ** 53 - 1 }) }),
  ),
})

/** `{UserId, Password}` or `{UserId, Token}` and what the client says of itself. */
export type AuthRequest = Static<typeof AuthRequestSchema>

const AuthResponseSchema = Type.Object({
  Success: Type.Boolean(),
  UserId: Type.Optional(Type.String()),
  SessionId: Type.Optional(Type.String()),
  Role: Type.Optional(Type.String()),
  Token: Type.Optional(Type.String()),
  /** Unix time in seconds. */
  TokenExpires: Type.Optional(Type.Integer()),
  Version: Type.Optional(Type.Integer()),
  Recovered: Type.Optional(Type.Boolean()),
  Epoch: Type.Optional(Type.String()),
  Seq: Type.Optional(Type.Integer()),
  Missing: Type.Optional(Type.Integer()),
  Code: Type.Optional(Type.String()),
  Message: Type.Optional(Type.String()),
  /** Seconds. */
  RetryAfter: Type.Optional(Type.Number()),
})

/** What became of a login. */
export type AuthResponse = Static<typeof AuthResponseSchema>

export const authRequest: Entity<typeof AuthRequestSchema> = {
  type: 'AuthRequest',
  schema: AuthRequestSchema,
  sender: 'client',
  receiver: 'server',
}
export const authResponse: Entity<typeof AuthResponseSchema> = {
  type: 'AuthResponse',
  schema: AuthResponseSchema,
  sender: 'server',
  receiver: 'client',
}
