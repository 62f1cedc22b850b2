import { createPublicKey } from 'node:crypto'
import t from 'tap'
import { publicJwkOf } from '../../../src/security/jwk.ts'
import { fakeServer, runHere } from '../run-cli.ts'
import { shortFolder } from '../short-folder.ts'
import { shownKeys } from './shown-keys.ts'

t.test('the public key comes as JWK, or as PEM', async (t) => {
  const dataDir = shortFolder(t)
  await fakeServer(t, dataDir, { keysShow: () => shownKeys })
  const world = { env: { PARLEY_DATA_DIR: dataDir } }
  t.same(JSON.parse((await runHere(['keys', 'export'], world)).stdout), shownKeys.identityKey)
  const { stdout } = await runHere(['keys', 'export', '--format', 'pem'], world)
  t.same(publicJwkOf(createPublicKey(stdout)), shownKeys.identityKey)
  t.equal((await runHere(['keys', 'export', '--format', 'der'], world)).exitCode, 2)
})
