import t from 'tap'
import { fakeServer, runHere } from '../run-cli.ts'
import { shortFolder } from '../short-folder.ts'
import { shownKeys } from './shown-keys.ts'

t.test('the new fingerprint is shown', async (t) => {
  const dataDir = shortFolder(t)
  await fakeServer(t, dataDir, { keysRotate: async () => shownKeys })
  const { stdout, stderr, exitCode } = await runHere(['keys', 'rotate'], { env: { PARLEY_DATA_DIR: dataDir } })
  t.equal(exitCode, 0)
  t.ok(stdout.includes(shownKeys.identity))
  t.match(stderr, /need the new one/)
})
