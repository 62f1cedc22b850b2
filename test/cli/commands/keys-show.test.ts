import t from 'tap'
import { fingerprintBlocks } from '../../../src/security/fingerprint-blocks.ts'
import { fakeServer, runHere } from '../run-cli.ts'
import { shortFolder } from '../short-folder.ts'
import { shownKeys } from './shown-keys.ts'

t.test('the fingerprint is shown in both forms, with what a running server knows', async (t) => {
  const dataDir = shortFolder(t)
  await fakeServer(t, dataDir, { keysShow: () => shownKeys })
  const world = { env: { PARLEY_DATA_DIR: dataDir } }
  const { stdout } = await runHere(['keys', 'show'], world)
  t.ok(stdout.includes(`Fingerprint  ${shownKeys.identity}\n`))
  t.ok(stdout.includes(`In blocks    ${fingerprintBlocks(shownKeys.identity)}\n`))
  t.match(stdout, /Handshakes {3}H+A, until 2023-12-14.*\nSuites {7}1, 2\nBefore {7}O+A, until 2023-07-22/)
  const json = JSON.parse((await runHere(['keys', 'show', '--json'], world)).stdout)
  t.match(json, { Thumbprint: shownKeys.identity, Suites: [1, 2], Rotations: [{ Time: '2023-07-22T04:26:40.000Z' }] })
})
