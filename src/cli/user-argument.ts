/** The argument that names a user. */
import { InvalidArgumentError } from 'commander'
import { userIdFault } from '../protocol/user-id.ts'

/** Reads it for commander, in the normal form in which names are compared. */
export function userArgument(text: string): string {
  // A terminal may give what was typed in another form than a client sends it.
  const name = text.normalize('NFC')
  const fault = userIdFault(name)
  if (fault !== undefined) throw new InvalidArgumentError(`${fault}.`)
  return name
}
