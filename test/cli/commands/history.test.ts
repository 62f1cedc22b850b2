import t from 'tap'
import { except, FakeServer } from '../../client/fake-server.ts'
import { fakeServer, runHere } from '../run-cli.ts'
import { shortFolder } from '../short-folder.ts'

const message = {
  FromUserId: 'bob',
  ToUserId: 'alice',
  MsgType: 'TextMsgRequest',
  CreateTime: 1_700_000_000,
  Content: '{"Message":"hello"}',
}
const page = {
  items: [
    { position: 7, message },
    { position: 9, message: { bad: true } },
  ],
  more: true,
  unread: 2,
  read: 5,
  readByOther: 0,
}

t.test('a conversation is read through the control socket', async (t) => {
  const dataDir = shortFolder(t)
  const asked: unknown[] = []
  await fakeServer(t, dataDir, {
    history: async (take) => {
      asked.push(take)
      return page
    },
  })
  const env = { PARLEY_DATA_DIR: dataDir }
  const shown = await runHere(['history', 'alice', '--with', 'bob', '--before', '12', '--limit', '20'], { env })
  t.match(shown, { exitCode: 0, stdout: /^2023-11-1\d \d\d:13 bob: hello\n$/ })
  t.match(shown.stderr, /1 messages, 2 unread. There is more: --before 7/)
  t.same(asked, [{ user: 'alice', with: 'bob', before: 12, limit: 20 }])
  const lines = await runHere(['history', 'alice', '--with', 'bob', '--json'], { env })
  t.same(JSON.parse(lines.stdout), { position: 7, message })
  t.equal(lines.stderr, '')
})

t.test('one’s own is read over the wire', async (t) => {
  const server = await FakeServer.tcp(
    except({
      HistoryRequest: (request, peer) =>
        peer.answer(request, 'HistoryResponse', {
          Success: true,
          Items: [{ Position: 7, Message: message }],
          More: false,
        }),
    }),
  )
  t.teardown(() => server.close())
  const args = [
    'history',
    '--user',
    'alice',
    '--with',
    'bob',
    '--after',
    '3',
    '--url',
    server.url,
    '--plain',
    '--password-stdin',
  ]
  t.match(await runHere(args, { stdin: 'correct horse' }), { exitCode: 0, stdout: /bob: hello\n/ })
  t.same((await server.message('HistoryRequest')).content, { UserId: 'bob', After: 3 })
  t.match(await runHere(['history', 'carol', ...args.slice(1)], { stdin: 'x' }), { exitCode: 2, stderr: /only see/ })
})

t.test('a server that keeps none says so, and what can’t be asked is told', async (t) => {
  const dataDir = shortFolder(t)
  await fakeServer(t, dataDir, {
    history: async () => {
      throw Object.assign(new Error('This server keeps no history.'), { code: 'not_supported' })
    },
  })
  const env = { PARLEY_DATA_DIR: dataDir }
  t.match(await runHere(['history', 'alice', '--with', 'bob'], { env }), { exitCode: 1, stderr: /keeps no history/ })
  t.match(await runHere(['history', '--with', 'bob'], { env }), { exitCode: 2, stderr: /Whose/ })
  t.match(await runHere(['history', 'alice'], { env }), { exitCode: 2, stderr: /--with/ })
  for (const wrong of [
    ['--limit', '0'],
    ['--limit', '201'],
    ['--before', 'x'],
    ['--before', '1', '--after', '2'],
  ]) {
    t.match(await runHere(['history', 'alice', '--with', 'bob', ...wrong], { env }), { exitCode: 2 }, wrong.join(' '))
  }
})
