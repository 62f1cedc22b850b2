import t from 'tap'
import { fakeServer, runHere } from '../run-cli.ts'
import { shortFolder } from '../short-folder.ts'

t.test('a text goes to everyone, and says how many', async (t) => {
  for (const [receivers, text] of [
    [0, 'Sent to 0 sessions.\n'],
    [1, 'Sent to 1 session.\n'],
  ] as const) {
    const dataDir = shortFolder(t)
    await fakeServer(t, dataDir, { broadcast: async () => ({ receivers }) })
    t.match(await runHere(['broadcast', 'hi', 'all'], { env: { PARLEY_DATA_DIR: dataDir } }), {
      exitCode: 0,
      stdout: text,
    })
  }
})
