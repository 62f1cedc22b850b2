import t from 'tap'
import { fakeServer, runHere } from '../run-cli.ts'
import { shortFolder } from '../short-folder.ts'

t.test('a running server gets the new hash', async (t) => {
  const dataDir = shortFolder(t)
  const calls: unknown[] = []
  await fakeServer(t, dataDir, {
    store: async (name, take) => {
      calls.push([name, take])
      return { userId: 'bob' } as never
    },
  })
  const world = { env: { PARLEY_DATA_DIR: dataDir }, stdin: 'the new password' }
  t.match(await runHere(['user', 'passwd', 'bob', '--password-stdin'], world), {
    exitCode: 0,
    stdout: 'Changed the password of bob.\n',
    stderr: '',
  })
  t.match(calls, [['setPasswordHash', { userId: 'bob', passwordHash: /^\$argon2id/ }]])
})

t.test('a user that does not exist is told with what to do', async (t) => {
  const world = { env: { PARLEY_DATA_DIR: t.testdir() }, stdin: 'the new password' }
  t.match(await runHere(['user', 'passwd', 'bob', '--password-stdin'], world), {
    exitCode: 1,
    stderr: /no user bob[\s\S]*parley user list/,
  })
})
