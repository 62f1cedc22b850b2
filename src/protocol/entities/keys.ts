/** Whose key is whose: enrolling, approving and revoking keys, what is told of them, and the directory. */

import type { Entity } from './entity.ts'
import { type Static, Type } from './type.ts'

/** Entries of the key directory on one page, at most. */
export const keyDirectoryPageMax = 64

/** Base64url characters of an RSA signature by a key of at most 4096 bits, and some more. */
const signatureLengthMax = 1024

const ThumbprintSchema = Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' })
const SignatureSchema = Type.String({ minLength: 1, maxLength: signatureLengthMax })
const UserIdSchema = Type.String({ minLength: 1, maxLength: 128 })

const RsaPublicKeySchema = Type.Object({
  kty: Type.Literal('RSA'),
  n: Type.String({ minLength: 1, maxLength: 1024 }),
  e: Type.String({ minLength: 1, maxLength: 16 }),
})

/** An RSA public key as JWK; whether it is a good one is for the key rules to say. */
export type RsaPublicKey = Static<typeof RsaPublicKeySchema>

const EnrolKeyRequestSchema = Type.Object({
  Key: RsaPublicKeySchema,
  DeviceId: Type.String({ minLength: 1, maxLength: 64 }),
  /** By `Key`. */
  Signature: SignatureSchema,
  /** By a key of the user that is enrolled already. */
  Approval: Type.Optional(Type.Object({ Key: ThumbprintSchema, Signature: SignatureSchema })),
})

/** `{Key, DeviceId, Signature, Approval?}`: this key is mine. */
export type EnrolKeyRequest = Static<typeof EnrolKeyRequestSchema>

const ApproveKeyRequestSchema = Type.Object({
  Thumbprint: ThumbprintSchema,
  /** Of the key that signed. */
  Key: ThumbprintSchema,
  Signature: SignatureSchema,
})

/** `{Thumbprint, Key, Signature}`: the key that asked is mine too. */
export type ApproveKeyRequest = Static<typeof ApproveKeyRequestSchema>

const RevokeKeyRequestSchema = Type.Object({ Thumbprint: ThumbprintSchema })

/** `{Thumbprint}`: this key of mine counts no more. */
export type RevokeKeyRequest = Static<typeof RevokeKeyRequestSchema>

const KeyEventSchema = Type.Object({
  Kind: Type.Union([Type.Literal('requested'), Type.Literal('enrolled'), Type.Literal('revoked')]),
  UserId: Type.String(),
  DeviceId: Type.String(),
  Thumbprint: Type.String(),
})

/** Something happened to the keys of one's own user. */
export type KeyEvent = Static<typeof KeyEventSchema>

const KeyDirectoryRequestSchema = Type.Object({
  UserId: UserIdSchema,
  /** The `Index` of the last entry that is known. */
  After: Type.Optional(Type.Integer({ minimum: 0, maximum: 2 ** 31 })),
})

/** `{UserId, After?}`: the log of a user's keys. */
export type KeyDirectoryRequest = Static<typeof KeyDirectoryRequestSchema>

const KeyDirectoryEntrySchema = Type.Object({
  /** Counts from 0 without gaps. */
  Index: Type.Integer(),
  Kind: Type.Union([Type.Literal('enrol'), Type.Literal('revoke')]),
  /** Unix time in seconds. */
  Time: Type.Integer(),
  DeviceId: Type.String(),
  Thumbprint: Type.String(),
  Key: RsaPublicKeySchema,
  /** The thumbprint of the key that decided, `first`, or `operator`. */
  ApprovedBy: Type.String(),
  /** The thumbprint of the server's identity key for which the approval was signed; empty without one. */
  Server: Type.String(),
  Signature: Type.String(),
  Previous: Type.String(),
  Hash: Type.String(),
})

/** One entry of the log of a user's keys; each is chained to the one before by its hash. */
export type KeyDirectoryEntry = Static<typeof KeyDirectoryEntrySchema>

const KeyDirectoryResponseSchema = Type.Object({
  Success: Type.Boolean(),
  Code: Type.Optional(Type.String()),
  Message: Type.Optional(Type.String()),
  UserId: Type.String(),
  Entries: Type.Array(KeyDirectoryEntrySchema),
  /** Whether there are more: ask again with `After`. */
  More: Type.Boolean(),
})

/** One page of the log of a user's keys, oldest first. */
export type KeyDirectoryResponse = Static<typeof KeyDirectoryResponseSchema>

export const enrolKeyRequest: Entity<typeof EnrolKeyRequestSchema> = {
  type: 'EnrolKeyRequest',
  schema: EnrolKeyRequestSchema,
  sender: 'client',
  receiver: 'server',
}
export const approveKeyRequest: Entity<typeof ApproveKeyRequestSchema> = {
  type: 'ApproveKeyRequest',
  schema: ApproveKeyRequestSchema,
  sender: 'client',
  receiver: 'server',
}
export const revokeKeyRequest: Entity<typeof RevokeKeyRequestSchema> = {
  type: 'RevokeKeyRequest',
  schema: RevokeKeyRequestSchema,
  sender: 'client',
  receiver: 'server',
}
export const keyEvent: Entity<typeof KeyEventSchema> = {
  type: 'KeyEvent',
  schema: KeyEventSchema,
  sender: 'server',
  receiver: 'client',
}
export const keyDirectoryRequest: Entity<typeof KeyDirectoryRequestSchema> = {
  type: 'KeyDirectoryRequest',
  schema: KeyDirectoryRequestSchema,
  sender: 'client',
  receiver: 'server',
}
export const keyDirectoryResponse: Entity<typeof KeyDirectoryResponseSchema> = {
  type: 'KeyDirectoryResponse',
  schema: KeyDirectoryResponseSchema,
  sender: 'server',
  receiver: 'client',
}
