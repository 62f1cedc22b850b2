import t from 'tap'
import { fakeServer, runHere } from '../run-cli.ts'
import { shortFolder } from '../short-folder.ts'

t.test('a running server gets the role', async (t) => {
  const dataDir = shortFolder(t)
  const calls: unknown[] = []
  await fakeServer(t, dataDir, {
    store: async (name, take) => {
      calls.push([name, take])
      return { userId: 'bob' } as never
    },
  })
  const world = { env: { PARLEY_DATA_DIR: dataDir }, stdin: 'the new password' }
  t.match(await runHere(['user', 'role', 'bob', 'operator'], world), {
    exitCode: 0,
    stdout: 'bob is now an operator.\n',
    stderr: '',
  })
  t.match(calls, [['setRole', { userId: 'bob', role: 'operator' }]])
})

t.test('a user that does not exist is told with what to do', async (t) => {
  const world = { env: { PARLEY_DATA_DIR: t.testdir() }, stdin: 'the new password' }
  t.match(await runHere(['user', 'role', 'bob', 'operator'], world), {
    exitCode: 1,
    stderr: /no user bob[\s\S]*parley user list/,
  })
})
