import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { openLocalStore } from '../../../src/store/local-store.ts'
import { verifyPassword } from '../../../src/workers/password.ts'
import { runHere, runProcess } from '../run-cli.ts'

t.test('accounts are made and changed by the installed program where no server runs', async (t) => {
  const dataDir = join(t.testdir(), 'data')
  const world = { env: { PARLEY_DATA_DIR: dataDir } }
  t.match(await runProcess(['user', 'add', 'alice', '--password-stdin'], { ...world, stdin: 'first password\n' }), {
    exitCode: 0,
    stdout: 'Added alice (user).\n',
    stderr: '',
  })
  t.match(await runProcess(['user', 'add', 'alice', '--password-stdin'], { ...world, stdin: 'first password\n' }), {
    exitCode: 1,
    stderr: /already a user alice[\s\S]*parley user passwd/,
  })
  t.match(await runProcess(['user', 'passwd', 'alice', '--password-stdin'], { ...world, stdin: 'other password\n' }), {
    exitCode: 0,
  })
  t.match(await runProcess(['user', 'role', 'alice', 'operator'], world), {
    exitCode: 0,
    stdout: 'alice is now an operator.\n',
  })
  t.match(await runProcess(['user', 'disable', 'alice'], world), { exitCode: 0, stdout: 'Disabled alice.\n' })
  t.match(await runProcess(['user', 'list'], world), {
    exitCode: 0,
    stdout: /^NAME .*\nalice +operator +disabled +\d{4}-/,
  })
  t.match(await runProcess(['user', 'enable', 'alice'], world), { exitCode: 0 })

  const store = openLocalStore({ dataDir })
  const account = await store.call('findAccount', { userId: 'alice' })
  store.close()
  t.match(account, { userId: 'alice', role: 'operator', disabled: false })
  t.ok(verifyPassword('other password', account?.passwordHash ?? ''))

  t.match(await runProcess(['user', 'remove', 'alice'], world), { exitCode: 0, stdout: 'Removed alice.\n' })
  t.match(await runProcess(['user', 'remove', 'alice'], world), {
    exitCode: 1,
    stderr: /no user alice[\s\S]*parley user list/,
  })
})

t.test('a wrong setting or password leaves the data alone', async (t) => {
  const dataDir = join(t.testdir(), 'data')
  const env = { PARLEY_DATA_DIR: dataDir }
  t.match(await runHere(['user', 'add', 'bob', '--password-stdin'], { env, stdin: 'short' }), { exitCode: 2 })
  t.match(await runHere(['user', 'list'], { env: { ...env, PARLEY_PORT: 'x' } }), {
    exitCode: 2,
    stderr: /PARLEY_PORT/,
  })
  t.match(await runHere(['user', 'add', 'bob'], { env }), { exitCode: 2, stderr: /--password-stdin/ })
  t.notOk(existsSync(dataDir))
})
