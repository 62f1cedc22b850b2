import t from 'tap'
import { fakeServer, runHere } from '../run-cli.ts'
import { shortFolder } from '../short-folder.ts'

t.test('a kick takes a reason and a ban along', async (t) => {
  const dataDir = shortFolder(t)
  const asked: unknown[] = []
  await fakeServer(t, dataDir, {
    kick: async (take) => {
      asked.push(take)
      return { sessions: 2 }
    },
  })
  const env = { PARLEY_DATA_DIR: dataDir }
  t.match(await runHere(['kick', 'bob'], { env }), { exitCode: 0, stdout: 'Kicked bob (2 sessions).\n' })
  t.match(await runHere(['kick', 'bob', '--reason', 'rude', '--ban', '60'], { env }), {
    stdout: /refused for 60 seconds/,
  })
  t.same(asked, [{ userId: 'bob' }, { userId: 'bob', reason: 'rude', banSeconds: 60 }])
})

t.test('a ban has a longest time, and a reason a longest length', async (t) => {
  t.match(await runHere(['kick', 'bob', '--ban', '315360001']), { exitCode: 2 })
  t.match(await runHere(['kick', 'bob', '--ban', '1h']), { exitCode: 2 })
  t.match(await runHere(['kick', 'bob', '--reason', 'x'.repeat(257)]), { exitCode: 2 })
})
