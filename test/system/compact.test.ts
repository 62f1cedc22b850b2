import { pack } from 'msgpackr'
import t from 'tap'
import { CompactClient } from './support/compact-client.ts'
import { password, startTestServer } from './support/test-server.ts'
import { bodyOf, ofType, textFrom, type WireClient } from './support/wire-client.ts'

const users = ['amy', 'bob', 'mallory', 'wes']
const text = '你好 🙂 "quoted" \u0002\u0003'

t.test('clients in the compact form talk with all others', async (t) => {
  const server = await startTestServer(t, { users, settings: { USER_MESSAGES_PER_SECOND: '0', ACCEPTOR_THREADS: '1' } })
  const clients: WireClient[] = []
  const compact = async (user: string): Promise<CompactClient> => {
    const client = await CompactClient.connect(server.port())
    clients.push(client)
    t.match(await client.login(user, { Password: password }), { Success: true, UserId: user })
    return client
  }
  t.teardown(() => {
    for (const client of clients) client.destroy()
  })
  const amy = await compact('amy')
  const bob = await server.client('bob')

  await t.test('texts both ways', async (t) => {
    t.match(await amy.text('bob', text), { Success: true, Data: { Status: 'sent' } })
    t.equal((await bob.take(textFrom('amy'), 'the text')).content.Message, text)
    t.match(await bob.text('amy', text), { Success: true })
    t.equal((await amy.take(textFrom('bob'), 'the text')).content.Message, text)
    t.match((await amy.request('UserListRequest', {})).content, { Total: 2 })
  })

  await t.test('what is no body is answered, and harms nobody', async (t) => {
    const mallory = await compact('mallory')
    const map = (...members: readonly (readonly [string, unknown])[]): Buffer =>
      Buffer.concat([Buffer.of(0x80 | members.length), ...members.flatMap(([key, value]) => [pack(key), pack(value)])])
    const rest = [
      ['MsgType', 'TextMsgRequest'],
      ['Content', '{"Message":"bad"}'],
      ['ToUserId', 'bob'],
    ] as const
    const deep = Buffer.concat([Buffer.alloc(10_000, 0x91), Buffer.of(0xc0)])
    const cases: readonly (readonly [string, Buffer, RegExp])[] = [
      ['an empty body', Buffer.alloc(0), /bad_/],
      ['no MessagePack', Buffer.of(0xc1), /bad_frame/],
      ['half a map', map(...rest).subarray(0, -1), /bad_frame/],
      ['more after the map', Buffer.concat([map(...rest), Buffer.of(0xc0)]), /bad_frame/],
      ['a length that lies', Buffer.from('dfffffffff', 'hex'), /bad_frame/],
      ['a string that lies', Buffer.from('81dbffffffff41', 'hex'), /bad_frame/],
      ['10,000 levels', deep, /bad_frame/],
      ['a key that is no string', Buffer.from('8101c0', 'hex'), /bad_frame/],
      ['text that is not UTF-8', Buffer.concat([Buffer.from('81a178a2', 'hex'), Buffer.of(0xed, 0xa0)]), /bad_frame/],
      ['a number that is none', Buffer.from('81a178cb7ff8000000000000', 'hex'), /bad_frame/],
      ['binary data', Buffer.from('81a178c40100', 'hex'), /bad_frame/],
      ['a key twice', map(...rest, ['ToUserId', 'bob']), /bad_envelope/],
      ['a sender twice', map(...rest, ['FromUserId', 'mallory'], ['FromUserId', 'amy']), /bad_envelope/],
      ['a twin', map(...rest, ['fromuserid', 'amy']), /bad_envelope/],
      ['a forged sender', map(...rest, ['FromUserId', 'amy']), /not_allowed/],
      ['no sender', map(...rest, ['FromUserId', '']), /not_allowed/],
      ['a field of the server', map(...rest, ['Seq', 1]), /not_allowed/],
      ['2 MiB', Buffer.alloc(2 ** 21, 0xc0), /frame_too_large/],
    ]
    const told = bob.messages.length
    for (const [name, body, code] of cases) {
      const before = mallory.messages.length
      mallory.sendBody(body)
      await mallory.settled()
      const came = mallory.messages.slice(before, -2).map(({ content }) => content.Code ?? 'ok')
      t.equal(came.length, 1, name)
      t.match(came[0], code, name)
    }
    t.match(await mallory.text('bob', 'good'), { Success: true })
    await bob.take(textFrom('mallory'), 'the text')
    t.equal(bob.messages.length, told + 1)
  })

  await t.test('half a character, which JSON can write and UTF-8 cannot, reaches nobody as bytes', async (t) => {
    const before = amy.faults.length
    for (const body of [
      '{"ToUserId":"amy","MsgType":"Half","Content":"\\"\\ud800\\""}',
      '{"ToUserId":"amy","MsgType":"Half","Content":"\\"x\\"","own\\udc00":"\\ud83d"}',
      `{"ToUserId":"amy","MsgType":"Half","Content":"\\"${'x'.repeat(300)}\\ud800\\""}`,
    ]) {
      bob.sendBody(body)
    }
    bob.send('TextMsgRequest', { Message: 'last' }, { ToUserId: 'amy' })
    await amy.take(textFrom('bob'), 'the last')
    t.same(amy.faults.slice(before), [])
    t.equal(amy.messages.filter(ofType('Half')).length, 3)
  })

  await t.test('a session byte by byte', async (t) => {
    const client = await CompactClient.connect(server.port())
    clients.push(client)
    const bytes = Buffer.concat([
      client.frame(bodyOf('AuthRequest', { UserId: 'wes', Password: password }, { CallbackID: '1' })),
      client.frame(bodyOf('TextMsgRequest', { Message: text }, { ToUserId: 'bob', CallbackID: '2' })),
    ])
    for (const byte of bytes) {
      client.socket.write(Buffer.of(byte))
      await amy.request('HeartbeatRequest', {})
    }
    t.equal((await bob.take(textFrom('wes'), 'the text')).content.Message, text)
    await client.take(({ envelope }) => envelope.CallbackID === '2', 'the answer')
  })

  t.same([...server.faults(), ...clients.flatMap(({ faults }) => faults)], [])
})
