import t from 'tap'
import type { DeviceKey } from '../../../src/mailbox/store-messages.ts'
import { vectorKey } from '../../vectors/vector-files.ts'
import { fakeServer, runHere } from '../run-cli.ts'
import { shortFolder } from '../short-folder.ts'

const { jwk, thumbprint } = vectorKey('alice')
const key: DeviceKey = {
  thumbprint,
  key: jwk,
  deviceId: 'laptop\u001b[2J',
  enrolledAt: 0,
  approvedBy: 'first',
  revokedAt: 86_400_000,
}

t.test('keys are listed, without what a device name could do to a terminal', async (t) => {
  const dataDir = shortFolder(t)
  await fakeServer(t, dataDir, { store: async () => [key, { ...key, revokedAt: undefined }] as never })
  const world = { env: { PARLEY_DATA_DIR: dataDir } }
  const { stdout } = await runHere(['keys', 'list', 'alice'], world)
  t.match(stdout, /KEY +DEVICE +STATE +SINCE +APPROVED BY/)
  t.ok(stdout.includes(thumbprint))
  t.match(stdout, /revoked 1970-01-02 +1970-01-01 +first/)
  t.match(stdout, /enrolled/)
  t.notOk(stdout.includes('\u001b'))
  const lines = (await runHere(['keys', 'list', 'alice', '--json'], world)).stdout.trimEnd().split('\n')
  t.match(JSON.parse(lines[0] ?? ''), { Thumbprint: thumbprint, Key: jwk, RevokedAt: '1970-01-02T00:00:00.000Z' })
})

t.test('who does not exist has no keys', async (t) => {
  const { exitCode, stderr } = await runHere(['keys', 'list', 'alice'], { env: { PARLEY_DATA_DIR: shortFolder(t) } })
  t.equal(exitCode, 1)
  t.match(stderr, /no user alice/)
})
