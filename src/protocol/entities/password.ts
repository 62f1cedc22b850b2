/** Changing one's own password. */

import type { Entity } from './entity.ts'
import { type Static, Type } from './type.ts'

/** The fewest characters that a new password may have, on the wire and on the command line. */
export const passwordLengthMin = 8
/** The most characters that a password may have. */
export const passwordLengthMax = 1024

const PasswordRequestSchema = Type.Object({
  OldPassword: Type.String({ minLength: 1, maxLength: passwordLengthMax }),
  NewPassword: Type.String({ minLength: passwordLengthMin, maxLength: passwordLengthMax }),
})

/** `{OldPassword, NewPassword}`. */
export type PasswordRequest = Static<typeof PasswordRequestSchema>

export const passwordRequest: Entity<typeof PasswordRequestSchema> = {
  type: 'PasswordRequest',
  schema: PasswordRequestSchema,
  sender: 'client',
  receiver: 'server',
}
