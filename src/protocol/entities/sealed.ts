/** The types of the sealed handshake. Their names are taken; this version does not offer sealed sessions. */
import { Type } from 'typebox'
import type { Entity } from './entity.ts'

const AnySchema = Type.Object({})

export const platformKeyRequest: Entity = {
  type: 'PlatformKeyRequest',
  schema: AnySchema,
  sender: 'client',
  receiver: 'server',
}
export const terminalKeyMessage: Entity = {
  type: 'TerminalKeyMessage',
  schema: AnySchema,
  sender: 'client',
  receiver: 'server',
}
export const platformKeyMessage: Entity = {
  type: 'PlatformKeyMessage',
  schema: AnySchema,
  sender: 'server',
  receiver: 'client',
}
export const platformFinish: Entity = {
  type: 'PlatformFinish',
  schema: AnySchema,
  sender: 'server',
  receiver: 'client',
}
