import t from 'tap'
import { fakeServer, runHere } from '../run-cli.ts'
import { shortFolder } from '../short-folder.ts'

const thumbprint = `${'T'.repeat(42)}A`

t.test('keys that wait are shown', async (t) => {
  const dataDir = shortFolder(t)
  const world = { env: { PARLEY_DATA_DIR: dataDir } }
  t.match(await runHere(['keys', 'pending', 'alice'], world), { exitCode: 69, stderr: /No server runs/ })
  const waiting = [{ thumbprint, deviceId: 'phone', expires: 3_600_000 }]
  await fakeServer(t, dataDir, { pendingKeys: async ({ userId }) => (userId === 'alice' ? waiting : []) })
  const { stdout } = await runHere(['keys', 'pending', 'alice'], world)
  t.match(stdout, new RegExp(`${thumbprint} +phone +1970-01-01T01:00:00.000Z`))
  t.match(await runHere(['keys', 'pending', 'bob'], world), { exitCode: 0, stdout: '', stderr: /No key of bob waits/ })
})
