import t, { type Test } from 'tap'
import { until } from './support/deadline.ts'
import type { TcpClient } from './support/tcp-client.ts'
import { password, startTestServer, type TestServer } from './support/test-server.ts'
import { type Content, errorOf, type Matches, ofType, textFrom } from './support/wire-client.ts'

const names = ['amy', 'ann', 'anna', 'anton', 'bob', 'carol', 'away']

t.test('people log in and talk', async (t) => {
  const server = await startTestServer(t, { users: [...names, '__proto__', '汤姆'] })

  await t.test('a login says who one is and gives a token', async (t) => {
    const client = await server.connect()
    const content = await client.login('amy', { Password: password })
    t.match(content, { Success: true, UserId: 'amy', Role: 'user', Version: 1, SessionId: String, Token: String })
    t.ok((content['TokenExpires'] as number) > Date.now() / 1000)
    const operator = await server.connect()
    t.match(await operator.login('op', { Password: password }), { Success: true, Role: 'operator' })
    client.destroy()
    operator.destroy()
  })

  await t.test('a wrong password, an unknown user and a void token get the same answer', async (t) => {
    const client = await server.connect()
    const answers = [
      await client.login('amy', { Password: 'wrong horse battery' }),
      await client.login('nobody', { Password: password }),
      await client.login('amy', { Token: 'bm8.bm8' }),
    ]
    for (const answer of answers) t.match(answer, { Success: false, Code: 'auth_failed' })
    t.equal(new Set(answers.map((answer) => JSON.stringify(answer))).size, 1)
    t.match(await client.login('amy', { Password: password }), { Success: true }, 'and the connection still serves')
    client.destroy()
  })

  await t.test('nothing but a login is taken before the login', async (t) => {
    const client = await server.connect()
    const answer = await client.request('UserListRequest', {})
    t.match(answer.envelope, { MsgType: 'UserListResponse' })
    t.match(answer.content, { Success: false, Code: 'auth_required', Items: [] })
    t.match(await client.text('bob', 'hi'), { Success: false, Code: 'auth_required', Data: { Status: 'rejected' } })
    client.send('HeartbeatRequest', {})
    await client.take(errorOf('auth_required'), 'the refusal of a heartbeat')
    client.destroy()
  })

  await t.test('the list of users has pages and prefixes', async (t) => {
    const clients = await Promise.all(['amy', 'ann', 'anna', 'anton', 'bob'].map((name) => server.client(name)))
    const amy = clients[0] as TcpClient
    const list = async (Data: object) => (await amy.request('UserListRequest', { Data })).content
    const items = (...of: string[]): object[] => of.map((name) => ({ Text: name, Value: name }))
    t.same(await list({ Prefix: 'an', Limit: 2 }), { Items: items('ann', 'anna'), Total: 3, After: 'anna' })
    t.same(await list({ Prefix: 'an', Limit: 2, After: 'anna' }), { Items: items('anton'), Total: 3 })
    t.same(await list({ Prefix: 'z' }), { Items: [], Total: 0 })
    t.same(await list({}), { Items: items('amy', 'ann', 'anna', 'anton', 'bob'), Total: 5 })
    t.match(await list({ Limit: 0 }), { Success: false, Code: 'bad_content', Items: [] })
    t.match(await list({ Limit: 1001 }), { Success: false, Code: 'bad_content', Items: [] })
    for (const client of clients) client.destroy()
  })

  await t.test('a text goes both ways, over TCP and WebSocket, with the true sender', async (t) => {
    const amy = await server.client('amy')
    const bob = await server.webSocketClient('bob')
    t.same(await amy.text('bob', '你好 🙂 "quoted" \u0002\u0003'), { Success: true, Data: { Status: 'sent' } })
    const arrived = await bob.take(textFrom('amy'), 'the text')
    t.match(arrived.envelope, { FromUserId: 'amy', ToUserId: 'bob', MsgType: 'TextMsgRequest', CallbackID: String })
    t.equal(arrived.content.Message, '你好 🙂 "quoted" \u0002\u0003')
    t.same(await bob.text('amy', 'and back'), { Success: true, Data: { Status: 'sent' } })
    t.equal((await amy.take(textFrom('bob'), 'the text')).content.Message, 'and back')
    t.same(await amy.text('amy', 'to myself'), { Success: true, Data: { Status: 'sent' } })
    t.equal((await amy.take(textFrom('amy'), 'the text')).content.Message, 'to myself')
    amy.destroy()
    bob.destroy()
  })

  await t.test('a text to who is not there says why', async (t) => {
    const amy = await server.client('amy')
    const away = { ToUserId: 'away', Volatile: true }
    const { content } = await amy.request('TextMsgRequest', { Message: 'hi' }, away)
    t.match(content, { Success: false, Code: 'user_offline', Data: { Status: 'rejected' } })
    t.match(await amy.text('nobody', 'hi'), { Success: false, Code: 'user_unknown', Data: { Status: 'rejected' } })
    amy.send('TextMsgRequest', { Message: 'hi' }, away)
    const told = await amy.take(errorOf('user_offline'), 'the refusal')
    t.same(told.content['Detail'], { ToUserId: 'away', Count: 1 })
    amy.destroy()
  })

  await t.test('types of one’s own, fields of one’s own and answers of users are relayed as they are', async (t) => {
    const amy = await server.client('amy')
    const bob = await server.client('bob')
    const fields = {
      ToUserId: 'bob',
      CreateTime: 5,
      ClientMsgId: 'm1',
      Mark: { a: [1] },
      Volatile: true,
      'x-own': null,
    }
    t.match((await amy.request('OrderPlaced', [1, 'two', { three: null }], fields)).content, { Success: true })
    const arrived = await bob.take(ofType('OrderPlaced'), 'the message')
    t.match(arrived.envelope, { ...fields, FromUserId: 'amy' })
    t.same(arrived.content, [1, 'two', { three: null }])
    for (const type of ['CommonRequest', 'HeartbeatRequest', 'HeartbeatResponse']) {
      t.match((await amy.request(type, {}, { ToUserId: 'bob' })).content, { Success: true, Data: { Status: 'sent' } })
      t.equal((await bob.take(ofType(type), type)).envelope.FromUserId, 'amy')
    }
    amy.destroy()
    bob.destroy()
  })

  await t.test('a name may be __proto__, and may be in any script', async (t) => {
    const proto = await server.client('__proto__')
    const tom = await server.client('汤姆')
    t.match(await proto.text('汤姆', 'x'), { Success: true })
    t.equal((await tom.take(textFrom('__proto__'), 'the text')).content.Message, 'x')
    t.match(await tom.text('__proto__', 'y'), { Success: true })
    t.equal((await proto.take(textFrom('汤姆'), 'the text')).content.Message, 'y')
    t.match((await tom.request('UserListRequest', { Data: { Prefix: '__' } })).content, {
      Items: [{ Value: '__proto__' }],
      Total: 1,
    })
    proto.destroy()
    tom.destroy()
  })

  await t.test('a heartbeat is answered, with and without a CallbackID', async (t) => {
    const amy = await server.client('amy')
    t.match((await amy.request('HeartbeatRequest', {})).envelope, { MsgType: 'HeartbeatResponse', Content: '{}' })
    amy.send('HeartbeatRequest', {})
    const answer = await amy.take(ofType('HeartbeatResponse'), 'the answer')
    t.notOk('CallbackID' in answer.envelope)
    amy.destroy()
  })

  await presence(t, server)

  t.same(server.faults(), [], 'no client got anything but frames')
})

async function presence(t: Test, server: TestServer): Promise<void> {
  await t.test('who asks for presence hears of arrivals and departures, and others do not', async (t) => {
    const watcher = await server.client('amy')
    const other = await server.client('ann')
    const isAway = async () =>
      (await other.request('UserListRequest', { Data: { Prefix: 'bob' } })).content['Total'] === 0
    await until(isAway, 'the end of the session before')
    t.match((await watcher.request('CommonRequest', { Command: 'presence' })).content, {
      Success: true,
      Data: { On: true },
    })
    const bob = await server.client('bob')
    const event = await watcher.take(presenceOf('bob', true), 'the arrival')
    t.match(event.envelope, { MsgType: 'PresenceEvent' })
    t.notOk('FromUserId' in event.envelope)
    bob.destroy()
    await watcher.take(presenceOf('bob', false), 'the departure')
    t.match((await watcher.request('CommonRequest', { Command: 'presence', Data: { On: false } })).content, {
      Data: { On: false },
    })
    const again = await server.client('bob')
    await watcher.settled()
    again.destroy()
    t.same(other.messages.filter(ofType('PresenceEvent')), [])
    watcher.destroy()
    other.destroy()
  })

  await t.test('who asks for presence and then for the list misses nobody who comes back at once', async (t) => {
    const watcher = await server.client('amy')
    await watcher.request('CommonRequest', { Command: 'presence' })
    let bob = await server.connect()
    const token = (await bob.login('bob', { Password: password })).Token ?? ''
    await watcher.take(presenceOf('bob', true), 'the first arrival')
    for (let count = 0; count < 10; count++) {
      bob.destroy()
      // Looks until bob is gone, most often before the turn in which presence is told.
      let items: Content['Items']
      do items = (await watcher.request('UserListRequest', { Data: { Prefix: 'bob' } })).content.Items
      while (items?.length !== 0)
      const told = watcher.messages.length
      bob = await server.connect()
      t.match(await bob.login('bob', { Token: token }), { Success: true })
      await until(() => watcher.messages.slice(told).some(presenceOf('bob', true)), 'the news that bob is back')
    }
    watcher.destroy()
    bob.destroy()
  })

  await t.test('a user who is replaced, or who comes and goes at once, causes no flood of presence', async (t) => {
    const watcher = await server.client('amy')
    const first = await server.connect()
    const token = (await first.login('carol', { Password: password })).Token ?? ''
    await watcher.request('CommonRequest', { Command: 'presence' })
    // Logs in again twenty times without being offline in between: on balance nothing happened.
    let last = first
    for (let count = 0; count < 20; count++) {
      last = await server.connect()
      t.match(await last.login('carol', { Token: token }), { Success: true })
    }
    // A later event of another user closes the wait: presence is told in order.
    const bob = await server.client('bob')
    await watcher.take(({ content }) => content['UserId'] === 'bob', 'the presence of bob')
    const ofCarol = watcher.messages.filter(({ envelope, content }) => {
      return envelope.MsgType === 'PresenceEvent' && content['UserId'] === 'carol'
    })
    t.ok(ofCarol.length <= 1, `${ofCarol.length} events`)
    for (const client of [watcher, last, bob]) client.destroy()
  })
}

function presenceOf(user: string, online: boolean): Matches {
  return ({ envelope, content }) =>
    envelope.MsgType === 'PresenceEvent' && content['UserId'] === user && content['Online'] === online
}
