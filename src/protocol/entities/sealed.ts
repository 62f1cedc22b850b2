/** The types of the sealed handshake. Their names are taken; this version does not offer sealed sessions. */

import type { Entity } from './entity.ts'
import { Type } from './type.ts'

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
