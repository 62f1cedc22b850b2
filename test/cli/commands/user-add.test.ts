import t from 'tap'
import { needsRehash, verifyPassword } from '../../../src/workers/password.ts'
import { fakeServer, runHere } from '../run-cli.ts'
import { shortFolder } from '../short-folder.ts'

t.test('a running server gets the hash, made at the cost that is set, and never the password', async (t) => {
  const dataDir = shortFolder(t)
  const calls: [string, object][] = []
  let passwordHash = ''
  await fakeServer(t, dataDir, {
    store: async (name, take) => {
      calls.push([name, take])
      if ('passwordHash' in take) passwordHash = take.passwordHash ?? ''
      return { userId: 'bob' } as never
    },
  })
  const run = await runHere(
    ['user', 'add', 'bob', '--role', 'operator', '--password-stdin', '--set', 'ARGON2_PASSES=3'],
    {
      env: { PARLEY_DATA_DIR: dataDir },
      stdin: 'the password',
    },
  )
  t.match(run, { exitCode: 0, stdout: 'Added bob (operator).\n' })
  t.match(calls, [['addAccount', { userId: 'bob', role: 'operator' }]])
  t.ok(verifyPassword('the password', passwordHash))
  t.notOk(needsRehash(passwordHash, { memoryKib: 19_456, passes: 3 }))
})

t.test('a role that does not exist is refused', async (t) => {
  t.match(await runHere(['user', 'add', 'bob', '--role', 'king']), {
    exitCode: 2,
    stderr: /Allowed choices are user, operator/,
  })
})
