import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { openLocalStore } from '../../../src/store/local-store.ts'
import { verifyPassword } from '../../../src/workers/password.ts'
import { fakeServer, runHere } from '../run-cli.ts'
import { shortFolder } from '../short-folder.ts'

const hash = `$argon2id$v=19$m=19456,t=2,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`

function lines(count: number): string {
  const all = Array.from({ length: count }, (_, index) => JSON.stringify({ UserId: `u${index}`, PasswordHash: hash }))
  return all.join('\n')
}

t.test('passwords are hashed and hashes are taken as they are', async (t) => {
  const folder = t.testdir()
  const file = join(folder, 'users.jsonl')
  writeFileSync(
    file,
    `{"UserId":"alice","Password":"long enough"}\n{"UserId":"bob","PasswordHash":"${hash}","Role":"operator"}\n`,
  )
  const env = { PARLEY_DATA_DIR: join(folder, 'data') }
  t.match(await runHere(['user', 'import', file], { env }), {
    exitCode: 0,
    stdout: 'Added 2 of 2 accounts.\n',
    stderr: '',
  })
  const store = openLocalStore({ dataDir: join(folder, 'data') })
  const [alice, bob] = [
    await store.call('findAccount', { userId: 'alice' }),
    await store.call('findAccount', { userId: 'bob' }),
  ]
  store.close()
  t.ok(verifyPassword('long enough', alice?.passwordHash ?? ''))
  t.match(bob, { passwordHash: hash, role: 'operator' })
  t.match(await runHere(['user', 'import', file], { env }), {
    exitCode: 0,
    stdout: 'Added 0 of 2 accounts.\n',
    stderr: /because they existed: alice, bob/,
  })
})

t.test('nothing is imported when a line is wrong, and all faults are told', async (t) => {
  const env = { PARLEY_DATA_DIR: join(t.testdir(), 'data') }
  const stdin = '{"UserId":"alice","Password":"long enough"}\nnonsense\n{"UserId":"bob"}\n'
  t.match(await runHere(['user', 'import', '-'], { env, stdin }), {
    exitCode: 1,
    stderr: /Nothing was imported:\n {2}line 2: .*\n {2}line 3: /,
  })
  t.match(await runHere(['user', 'list'], { env }), { stdout: 'NAME  ROLE  STATE  SINCE\n' })
  t.match(await runHere(['user', 'import', '-'], { env, stdin: 'x\n'.repeat(150) }), { stderr: /… and 50 more/ })
  t.match(await runHere(['user', 'import', '-'], { env, stdin: '\n' }), { exitCode: 1 })
  t.match(await runHere(['user', 'import', '/none/such'], { env }), { exitCode: 2, stderr: /can't be read/ })
})

t.test('a running server gets the accounts in parts', async (t) => {
  const dataDir = shortFolder(t)
  const sizes: number[] = []
  await fakeServer(t, dataDir, {
    store: async (_name, take) => {
      const count = 'accounts' in take ? take.accounts.length : 0
      sizes.push(count)
      return { added: count - 1, existing: [`first${sizes.length}`] } as never
    },
  })
  const run = await runHere(['user', 'import', '-'], { env: { PARLEY_DATA_DIR: dataDir }, stdin: lines(1200) })
  t.same(sizes, [500, 500, 200])
  t.match(run, { exitCode: 0, stdout: 'Added 1197 of 1200 accounts.\n', stderr: /first1, first2, first3/ })
})
