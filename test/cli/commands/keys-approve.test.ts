import t from 'tap'
import { fingerprintBlocks } from '../../../src/security/fingerprint-blocks.ts'
import { fakeServer, runHere } from '../run-cli.ts'
import { shortFolder } from '../short-folder.ts'

const thumbprint = Buffer.alloc(32, 9).toString('base64url')

t.test('a key is approved by its fingerprint', async (t) => {
  const dataDir = shortFolder(t)
  const asked: unknown[] = []
  await fakeServer(t, dataDir, {
    approveKey: async (take) => {
      asked.push(take)
      if (take.userId === 'bob') throw Object.assign(new Error('No such key waits.'), { code: 'not_allowed' })
      return { thumbprint: take.thumbprint }
    },
  })
  const world = { env: { PARLEY_DATA_DIR: dataDir } }
  const { stdout } = await runHere(['keys', 'approve', 'alice', fingerprintBlocks(thumbprint)], world)
  t.equal(stdout, `Enrolled ${thumbprint} for alice.\n`)
  t.match(await runHere(['keys', 'approve', 'bob', thumbprint], world), { exitCode: 1, stderr: /No such key/ })
  t.equal((await runHere(['keys', 'approve', 'bob', 'short'], world)).exitCode, 2)
  t.same(asked, [
    { userId: 'alice', thumbprint },
    { userId: 'bob', thumbprint },
  ])
})
