import t from 'tap'
import { fakeServer, runHere } from '../run-cli.ts'
import { shortFolder } from '../short-folder.ts'

t.test('each step of a message is a line', async (t) => {
  const dataDir = shortFolder(t)
  const asked: unknown[] = []
  const steps = [
    { time: 1_700_000_000_000, step: 'accepted', detail: 'from alice \x1b[2J' },
    { time: 1_700_000_000_005, step: 'stored' },
  ]
  await fakeServer(t, dataDir, {
    explain: async (take) => {
      asked.push(take)
      return { known: true, steps }
    },
  })
  const env = { PARLEY_DATA_DIR: dataDir }
  const shown = await runHere(['explain', 'e5-17-0a1b2c'], { env })
  t.equal(shown.exitCode, 0)
  t.equal(shown.stdout, '2023-11-14T22:13:20.000Z  accepted  from alice ␛[2J\n2023-11-14T22:13:20.005Z  stored\n')
  t.same(asked, [{ msgId: 'e5-17-0a1b2c' }])
  const lines = await runHere(['explain', 'e5-17-0a1b2c', '--json'], { env })
  t.same(JSON.parse(lines.stdout.split('\n')[1] ?? ''), steps[1])
})

t.test('what the server does not know is no success', async (t) => {
  const dataDir = shortFolder(t)
  await fakeServer(t, dataDir, { explain: async () => ({ known: false, steps: [] }) })
  const run = await runHere(['explain', 'e1-1-ab'], { env: { PARLEY_DATA_DIR: dataDir } })
  t.match(run, { exitCode: 1, stderr: /does not know e1-1-ab/ })
})
