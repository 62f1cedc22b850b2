// First, so that the server's threads are caught.

import t from 'tap'
import { lastThread } from './support/caught-threads.ts'
import { until, within } from './support/deadline.ts'
import { password, startTestServer } from './support/test-server.ts'
import { textFrom } from './support/wire-client.ts'

const users = ['amy', 'bob', 'carol']
const settings = { ACCEPTOR_THREADS: '1' }

t.test('an acceptor thread that dies is replaced on the same ports, and its clients come back', async (t) => {
  const server = await startTestServer(t, { users, settings })
  for (let round = 0; round < 2; round++) {
    const amy = await server.client('amy')
    const bob = await server.webSocketClient('bob')
    t.match(await amy.text('bob', 'before'), { Success: true })
    await lastThread('parley-acceptor').terminate()
    await amy.ended()
    await bob.ended()
    await until(async () => (await server.connect().catch(() => undefined)) !== undefined, 'the port')
    const again = await server.client('amy')
    t.match(await again.text('bob', 'x'), { Data: { Status: 'stored' } }, 'the sessions of the dead thread are gone')
    const other = await server.webSocketClient('bob')
    t.match(await again.text('bob', 'after'), { Success: true })
    for (const text of ['x', 'after']) {
      t.equal((await other.take(textFrom('amy'), 'the text')).content.Message, text, 'what was stored comes first')
    }
    const list = await again.request('UserListRequest', {})
    t.match(list.content, { Total: 2 })
    again.destroy()
    other.destroy()
  }
  t.equal(server.lines.filter(({ level }) => level === 'error').length, 2)
})

t.test('a login that is being checked while the acceptor dies harms nobody', async (t) => {
  const server = await startTestServer(t, { users, settings })
  const clients = await Promise.all(Array.from({ length: 20 }, () => server.connect()))
  const logins = clients.map((client) => client.login('carol', { Password: password }).catch(() => undefined))
  await lastThread('parley-acceptor').terminate()
  await Promise.all(logins)
  await until(async () => (await server.connect().catch(() => undefined)) !== undefined, 'the port')
  const carol = await server.client('carol')
  t.match(await carol.text('carol', 'x'), { Success: true })
})

t.test('an acceptor thread that dies again and again ends the server, with the reason', async (t) => {
  const server = await startTestServer(t, { users, settings })
  let end: Awaited<typeof server.running.ended> | undefined
  void server.running.ended.then((how) => {
    end = how
  })
  let last = lastThread('parley-acceptor')
  for (let round = 0; round < 6; round++) {
    await last.terminate()
    const dead = last
    await until(() => end !== undefined || lastThread('parley-acceptor') !== dead, 'another thread or the end')
    last = lastThread('parley-acceptor')
  }
  t.match(await within(server.running.ended, 'the end'), { code: 'failed', error: { message: /acceptor/ } })
})

t.test('a storage thread that dies again and again ends the server, with the reason', async (t) => {
  const server = await startTestServer(t, { users, settings })
  let hasEnded = false
  void server.running.ended.then(() => {
    hasEnded = true
  })
  for (let last: unknown; !hasEnded; ) {
    const thread = lastThread('parley-store')
    if (thread !== last) await thread.terminate()
    last = thread
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  t.match(await within(server.running.ended, 'the end'), { code: 'failed', error: { message: /storage thread/ } })
})

t.test(
  'a storage thread that dies is replaced: nobody is cut off, and what was sent meanwhile is stored',
  async (t) => {
    const server = await startTestServer(t, { users, settings })
    const amy = await server.client('amy')
    const bob = await server.client('bob')
    t.match(await amy.text('carol', 'before'), { Data: { Status: 'stored' } })
    const store = lastThread('parley-store')
    const during = ['one', 'two', 'three'].map((text) => amy.text('carol', text))
    await store.terminate()
    t.match(await amy.text('bob', 'live'), { Data: { Status: 'sent' } }, 'who does not need the store goes on')
    for (const answer of await Promise.all(during)) t.match(answer, { Data: { Status: 'stored' } })
    t.match(await amy.text('carol', 'after'), { Data: { Status: 'stored' } })
    t.notOk(amy.isEnded() || bob.isEnded())
    const carol = await server.client('carol')
    for (const text of ['before', 'one', 'two', 'three', 'after']) {
      t.equal((await carol.take(textFrom('amy'), text)).content.Message, text)
    }
  },
)
