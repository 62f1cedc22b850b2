/** The argument that names a key by its fingerprint. */
import { InvalidArgumentError } from 'commander'
import { readFingerprint } from '../security/fingerprint-blocks.ts'

/** Reads it for commander: a thumbprint, or its blocks as they are shown to people. Gives the thumbprint. */
export function fingerprintArgument(text: string): string {
  const thumbprint = readFingerprint(text)
  if (thumbprint === undefined) throw new InvalidArgumentError('It must be a fingerprint: 43 characters, or 13 blocks.')
  return thumbprint
}
