import t from 'tap'
import { fakeServer, runHere } from '../run-cli.ts'
import { shortFolder } from '../short-folder.ts'

t.test('all pages are shown, a name a line', async (t) => {
  const dataDir = shortFolder(t)
  const asked: unknown[] = []
  await fakeServer(t, dataDir, {
    who: (take) => {
      asked.push(take)
      return take.after === undefined ? { items: ['a', 'b'], total: 3, after: 'b' } : { items: ['c'], total: 3 }
    },
  })
  const env = { PARLEY_DATA_DIR: dataDir }
  t.match(await runHere(['who'], { env }), { exitCode: 0, stdout: 'a\nb\nc\n', stderr: '' })
  t.match(await runHere(['who', '--json', '--prefix', 'x', '--limit', '2'], { env }), {
    stdout: '{"UserId":"a"}\n{"UserId":"b"}\n',
  })
  t.same(asked, [{ limit: 1000 }, { limit: 1000, after: 'b' }, { limit: 2, prefix: 'x' }])
})

t.test('a limit is a whole number above 0', async (t) => {
  for (const limit of ['0', '-1', 'x', '1.5'])
    t.match(await runHere(['who', `--limit=${limit}`]), { exitCode: 2 }, limit)
})
