import t from 'tap'
import { openLocalStore } from '../../../src/store/local-store.ts'
import { vectorKey } from '../../vectors/vector-files.ts'
import { runHere } from '../run-cli.ts'
import { shortFolder } from '../short-folder.ts'

async function withKeys(t: Parameters<typeof shortFolder>[0]): Promise<string> {
  const dataDir = shortFolder(t)
  const store = openLocalStore({ dataDir })
  await store.call('addAccount', { userId: 'alice', passwordHash: 'hash', role: 'user' })
  for (const [name, approvedBy] of [
    ['alice', 'first'],
    ['aliceTablet', 'operator'],
  ] as const) {
    const { jwk, thumbprint } = vectorKey(name)
    const plain = { userId: 'alice', deviceId: name, server: '', signature: '' }
    await store.call('enrolKey', { ...plain, thumbprint, key: jwk, approvedBy })
  }
  store.close()
  return dataDir
}

t.test('one key, then all that are left', async (t) => {
  const world = { env: { PARLEY_DATA_DIR: await withKeys(t) } }
  const { thumbprint } = vectorKey('alice')
  const one = await runHere(['keys', 'revoke', 'alice', thumbprint], world)
  t.equal(one.stdout, `Revoked ${thumbprint} of alice.\n`)
  t.match(await runHere(['keys', 'revoke', 'alice', thumbprint], world), {
    exitCode: 1,
    stderr: /no such enrolled key/,
  })
  const rest = await runHere(['keys', 'revoke', 'alice'], world)
  t.equal(rest.stdout, `Revoked ${vectorKey('aliceTablet').thumbprint} of alice.\n`)
  t.match(await runHere(['keys', 'revoke', 'alice'], world), { exitCode: 0, stderr: /no enrolled key/ })
})

t.test('with a reset the next key is a first one', async (t) => {
  const dataDir = await withKeys(t)
  const world = { env: { PARLEY_DATA_DIR: dataDir } }
  const { thumbprint } = vectorKey('alice')
  t.equal((await runHere(['keys', 'revoke', 'alice', thumbprint, '--reset'], world)).exitCode, 2)
  const { stdout, stderr } = await runHere(['keys', 'revoke', 'alice', '--reset'], world)
  t.equal(stdout.split('\n').length, 3)
  t.match(stderr, /without an approval/)
  const store = openLocalStore({ dataDir })
  t.teardown(() => store.close())
  const { jwk, thumbprint: next } = vectorKey('bob')
  const plain = { userId: 'alice', deviceId: 'd', server: '', signature: '', approvedBy: 'first' }
  t.match(await store.call('enrolKey', { ...plain, thumbprint: next, key: jwk }), { approvedBy: 'first' })
})
