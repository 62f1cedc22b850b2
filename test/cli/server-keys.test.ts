import t from 'tap'
import { readServerKeys, rotateServerKeys } from '../../src/cli/server-keys.ts'
import { thumbprintOf } from '../../src/security/jwk.ts'
import { KeyFiles } from '../../src/store/key-files.ts'
import { putServerKeys } from '../system/support/server-keys.ts'
import { shownKeys } from './commands/shown-keys.ts'
import { fakeServer } from './run-cli.ts'
import { shortFolder } from './short-folder.ts'

t.test('a server that runs is asked', async (t) => {
  const dataDir = shortFolder(t)
  const rotated = { ...shownKeys, identity: `${'R'.repeat(42)}A` }
  await fakeServer(t, dataDir, { keysShow: () => shownKeys, keysRotate: async () => rotated })
  t.match(await readServerKeys(dataDir), { identity: shownKeys.identity, running: shownKeys })
  t.match(await rotateServerKeys(dataDir), { identity: rotated.identity })
})

t.test('without one the files are read, and the old identity vouches for the new one', async (t) => {
  const dataDir = shortFolder(t)
  await t.rejects(readServerKeys(dataDir), { exitCode: 1, message: /no keys/ })
  await t.rejects(rotateServerKeys(dataDir), { exitCode: 1, message: /no keys/ })
  await putServerKeys(dataDir)
  const before = await readServerKeys(dataDir)
  t.equal(before.identity, thumbprintOf(before.identityKey))
  const after = await rotateServerKeys(dataDir)
  t.not(after.identity, before.identity)
  t.equal((await readServerKeys(dataDir)).identity, after.identity)
  t.equal(new KeyFiles(dataDir).readIdentity()?.rotations.length, 1)
})
