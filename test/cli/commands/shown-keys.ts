/** What a server of a test's own says of its keys. */
import type { ShownKeys } from '../../../src/server/key-keeper.ts'
import { vectorKey } from '../../vectors/vector-files.ts'

const { jwk, thumbprint } = vectorKey('identity')

export const shownKeys: ShownKeys = {
  identity: thumbprint,
  identityKey: jwk,
  handshake: { thumbprint: `${'H'.repeat(42)}A`, notBefore: 1_700_000_000, notAfter: 1_702_592_000 },
  rotations: [{ thumbprint: `${'O'.repeat(42)}A`, time: 1_690_000_000 }],
  suites: [1, 2],
}
