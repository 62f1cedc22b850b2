import t from 'tap'
import { fakeServer, runHere } from '../run-cli.ts'
import { shortFolder } from '../short-folder.ts'

t.test('enabling also ends a ban', async (t) => {
  const dataDir = shortFolder(t)
  const calls: unknown[] = []
  await fakeServer(t, dataDir, {
    store: async (name, take) => {
      calls.push([name, take])
      return { userId: 'bob', bannedUntil: name === 'setDisabled' ? 5 : 0 } as never
    },
  })
  t.match(await runHere(['user', 'enable', 'bob'], { env: { PARLEY_DATA_DIR: dataDir } }), { exitCode: 0 })
  t.same(calls, [
    ['setDisabled', { userId: 'bob', disabled: false }],
    ['setBan', { userId: 'bob', bannedUntil: 0 }],
  ])
})
