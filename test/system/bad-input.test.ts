import t from 'tap'
import type { TcpClient } from './support/tcp-client.ts'
import { startTestServer, type TestServer } from './support/test-server.ts'
import { answerTo, bodyOf, newCallbackId, type Received, textFrom, type WireClient } from './support/wire-client.ts'

const users = ['mallory', 'rita', '__proto__', 'constructor', 'bob']
const settings = { USER_MESSAGES_PER_SECOND: '0', FRAME_BYTES_MAX: '1048576' }

/** What is sent, and the code of the one answer that comes. A text stands for its UTF-8 bytes. */
type Case = readonly [name: string, body: string | Buffer, code: string]

/** An envelope to rita, with members written as they are. */
const toRita = (members: string): string =>
  `{"ToUserId":"rita","MsgType":"TextMsgRequest","Content":"{\\"Message\\":\\"bad\\"}"${members}}`
const toServer = (members: string): string => `{"MsgType":"HeartbeatRequest"${members}}`

/** Bytes inside a text to rita. */
function withBytes(hex: string): Buffer {
  const [before = '', after = ''] = toRita('').split('bad')
  return Buffer.concat([Buffer.from(before), Buffer.from(hex, 'hex'), Buffer.from(after)])
}

const broken: readonly Case[] = [
  ['an empty body', '', 'bad_envelope'],
  ['white space', '  \n', 'bad_envelope'],
  ['no JSON', 'hello', 'bad_envelope'],
  ['half an object', '{"MsgType":"HeartbeatRequest"', 'bad_envelope'],
  ['an array', '["MsgType"]', 'bad_envelope'],
  ['null', 'null', 'bad_envelope'],
  ['a comma too many', '{"MsgType":"HeartbeatRequest",}', 'bad_envelope'],
  ['single quotes', "{'MsgType':'HeartbeatRequest'}", 'bad_envelope'],
  ['text after the object', `${toServer('')}x`, 'bad_envelope'],
  ['two objects', `${toServer('')}${toServer('')}`, 'bad_envelope'],
  ['a control character in a string', toServer(',"x":"a\tb"'), 'bad_envelope'],
  ['a wrong escape', toServer(',"x":"\\x41"'), 'bad_envelope'],
  ['half an escape', toServer(',"x":"\\u12"'), 'bad_envelope'],
  ['no number', toServer(',"CreateTime":01'), 'bad_envelope'],
  ['a fraction of a second', toServer(',"CreateTime":1.5'), 'bad_envelope'],
  ['NaN', toServer(',"x":NaN'), 'bad_envelope'],
  ['a byte order mark', `\ufeff${toServer('')}`, 'bad_envelope'],
  ['no type', '{"Content":"{}"}', 'bad_envelope'],
  ['a type that is no string', '{"MsgType":5}', 'bad_envelope'],
  ['10,000 levels of arrays as body', '['.repeat(10_000), 'bad_envelope'],
  ['10,000 levels in a field', toServer(`,"x":${'['.repeat(10_000)}${']'.repeat(10_000)}`), 'bad_envelope'],
  ['10,000 levels of objects', toServer(`,"x":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`), 'bad_envelope'],
  [
    '10,000 levels in the content of a text',
    `{"ToUserId":"rita","MsgType":"TextMsgRequest","Content":"${'['.repeat(10_000)}${']'.repeat(10_000)}"}`,
    'bad_content',
  ],
  [
    '10,000 levels in the content of a type of one’s own',
    `{"ToUserId":"rita","MsgType":"Own","Content":"${'['.repeat(10_000)}${']'.repeat(10_000)}"}`,
    'bad_content',
  ],
  ['10,000 keys', toServer(Array.from({ length: 10_000 }, (_, i) => `,"k${i}":1`).join('')), 'bad_envelope'],
  ['content that is no JSON', '{"ToUserId":"rita","MsgType":"Own","Content":"{"}', 'bad_content'],
  ['content that is no string', '{"ToUserId":"rita","MsgType":"Own","Content":{}}', 'bad_envelope'],
  ['a text without a message', '{"ToUserId":"rita","MsgType":"TextMsgRequest","Content":"{}"}', 'bad_content'],
  ['a key twice', toRita(',"ToUserId":"rita"'), 'bad_envelope'],
  ['a key twice, once escaped', toRita(',"ToUser\\u0049d":"bob"'), 'bad_envelope'],
  ['an unknown key twice', toRita(',"x":1,"x":2'), 'bad_envelope'],
  ['an unknown key twice, once escaped', toRita(',"x":1,"\\u0078":2'), 'bad_envelope'],
  ['__proto__ twice', toRita(',"__proto__":1,"__proto__":2'), 'bad_envelope'],
  ['a sender twice', toRita(',"FromUserId":"mallory","FromUserId":"bob"'), 'bad_envelope'],
  ['a sender and null', toRita(',"FromUserId":null,"FromUserId":"bob"'), 'bad_envelope'],
  ['a twin in lower case', toRita(',"fromuserid":"bob"'), 'bad_envelope'],
  ['a twin in upper case', toRita(',"FROMUSERID":"bob"'), 'bad_envelope'],
  ['a twin by an escape', toRita(',"From\\u0055serId":"bob"'), 'bad_envelope'],
  ['a twin by an escape in lower case', toRita(',"from\\u0075serid":"bob"'), 'bad_envelope'],
  ['a twin by a long s', toRita(',"FromU\u017ferId":"bob"'), 'bad_envelope'],
  ['a twin by the sign of Kelvin', toRita(',"Callbac\u212aID":"x"'), 'bad_envelope'],
  ['a receiver that is no name', '{"ToUserId":"a b","MsgType":"Own","Content":"1"}', 'bad_envelope'],
  ['a receiver with half a character', '{"ToUserId":"\\ud800","MsgType":"Own","Content":"1"}', 'bad_envelope'],
  ['a receiver that is not in NFC', '{"ToUserId":"e\\u0301","MsgType":"Own","Content":"1"}', 'bad_envelope'],
  ['a forged sender', toRita(',"FromUserId":"bob"'), 'not_allowed'],
  ['a forged sender, escaped', toRita(',"FromUserId":"\\u0062ob"'), 'not_allowed'],
  ['no sender, which would be the server', toRita(',"FromUserId":""'), 'not_allowed'],
  ['a sender that is no string', toRita(',"FromUserId":{}'), 'bad_envelope'],
  ['a sender with white space', toRita(',"FromUserId":"mallory "'), 'not_allowed'],
  ['a sender in another case', toRita(',"FromUserId":"Mallory"'), 'not_allowed'],
  ['a forged sender to the server', toServer(',"FromUserId":"bob"'), 'not_allowed'],
  ...['MsgId', 'Epoch'].map((field): Case => [`the server’s field ${field}`, toRita(`,"${field}":"1"`), 'not_allowed']),
  ...['Seq', 'ServerTime'].map((field): Case => [`the server’s ${field}`, toRita(`,"${field}":1`), 'not_allowed']),
  ...[
    'AuthResponse',
    'CommonResponse',
    'UserListResponse',
    'PresenceEvent',
    'ErrorResponse',
    'PlatformKeyMessage',
    'PlatformFinish',
  ].flatMap((type): Case[] => [
    [`${type} to a user`, bodyOf(type, { Success: true }, { ToUserId: 'rita' }), 'not_allowed'],
    [`${type} to the server`, bodyOf(type, { Success: true }), 'not_allowed'],
  ]),
  ['a broadcast to one user', bodyOf('BroadcastRequest', { Message: 'bad' }, { ToUserId: 'rita' }), 'not_allowed'],
  ['a login to a user', bodyOf('AuthRequest', { UserId: 'a', Password: 'b' }, { ToUserId: 'rita' }), 'not_allowed'],
  ['another login', bodyOf('AuthRequest', { UserId: 'rita', Password: 'x' }), 'not_allowed'],
  ['__proto__ as type', bodyOf('__proto__', {}), 'unknown_type'],
  ['constructor as type', bodyOf('constructor', {}), 'unknown_type'],
  ['toString as type', bodyOf('toString', {}), 'unknown_type'],
  ['a type in another case', bodyOf('heartbeatrequest', {}), 'unknown_type'],
  ['__proto__ as command', bodyOf('CommonRequest', { Command: '__proto__' }), 'not_supported'],
  ['a text without a receiver', bodyOf('TextMsgRequest', { Message: 'bad' }), 'bad_envelope'],
]

const notUtf8: readonly string[] = [
  'ff',
  '80',
  'c080',
  'c1bf',
  'e4bd',
  'eda080',
  'edbfbf',
  'f0808080',
  'f4908080',
  'f8888080',
  'e4bda0ff',
]

t.test('whatever cannot be read is answered with its code, and harms nobody', async (t) => {
  const server = await startTestServer(t, { users, settings })
  const rita = await server.client('rita')
  const wsRita = await server.webSocketClient('bob')
  const legal = { count: 0 }

  await t.test('over TCP', async (t) => {
    const mallory = await server.client('mallory')
    await sendAll(t, mallory, broken)
    await sendAll(
      t,
      mallory,
      notUtf8.map((hex) => [`the bytes ${hex}`, withBytes(hex), 'bad_frame']),
    )
    await stillServes(t, mallory, rita, legal)
    await frames(t, mallory)
    await stillServes(t, mallory, rita, legal)
    mallory.destroy()
  })

  await t.test('over WebSocket', async (t) => {
    const mallory = await server.webSocketClient('mallory')
    await sendAll(t, mallory, broken)
    await sendAll(
      t,
      mallory,
      notUtf8.map((hex) => [`the bytes ${hex}`, withBytes(hex), 'bad_frame']),
    )
    await sendAll(t, mallory, [['2 MiB', bodyOf('Own', 'x'.repeat(2 ** 21), { ToUserId: 'rita' }), 'frame_too_large']])
    await stillServes(t, mallory, rita, legal)
    mallory.destroy()
  })

  await t.test('all at once, among good messages', async (t) => {
    const mallory = await server.client('mallory')
    const parts: Buffer[] = []
    for (const [, body] of broken) {
      parts.push(mallory.frame(typeof body === 'string' ? Buffer.from(body) : body))
      parts.push(mallory.frame(bodyOf('TextMsgRequest', { Message: 'good' }, { ToUserId: 'rita' })))
      legal.count++
    }
    const before = mallory.messages.length
    mallory.sendBytes(Buffer.concat(parts))
    await mallory.settled()
    const codes = mallory.messages.slice(before, -2).map(({ content }) => content.Code)
    t.strictSame([...codes].sort(), broken.map(([, , code]) => code).sort())
    await stillServes(t, mallory, rita, legal)
    mallory.destroy()
  })

  await protoIsAName(t, server)

  await t.test('the receivers saw only what was meant for them', async (t) => {
    await rita.settled()
    const texts = rita.messages.filter(({ envelope }) => envelope.FromUserId !== undefined)
    t.equal(texts.length, legal.count)
    t.same(
      texts.filter(({ envelope, content }) => envelope.FromUserId !== 'mallory' || content.Message !== 'good'),
      [],
    )
    t.same(ofOthers(wsRita.messages), [])
    t.same(server.faults(), [])
  })
})

function ofOthers(messages: readonly Received[]): Received[] {
  return messages.filter(({ envelope }) => envelope.FromUserId !== undefined)
}

/** Sends each, and finds that just one answer came, with the code. */
async function sendAll(t: Tap, client: WireClient, cases: readonly Case[]): Promise<void> {
  for (const [name, body, code] of cases) {
    const before = client.messages.length
    client.sendBody(typeof body === 'string' ? Buffer.from(body) : body)
    const callbackId = newCallbackId()
    client.send('UserListRequest', {}, { CallbackID: callbackId })
    await client.take(answerTo(callbackId), `an answer after ${name}`)
    const came = client.messages.slice(before, -1).map(({ content }) => content.Code)
    t.strictSame(came, [code], name)
  }
}

async function stillServes(t: Tap, client: WireClient, rita: WireClient, legal: { count: number }): Promise<void> {
  t.match(await client.text('rita', 'good'), { Success: true, Data: { Status: 'sent' } }, 'the connection still serves')
  legal.count++
  await rita.take(textFrom(client.user), 'the text')
}

/** What only delimited frames can have. */
async function frames(t: Tap, client: TcpClient): Promise<void> {
  const large = client.frame(bodyOf('TextMsgRequest', { Message: 'x'.repeat(2 ** 21) }, { ToUserId: 'rita' }))
  const codesAfter = async (...writes: Buffer[]): Promise<(string | undefined)[]> => {
    const before = client.messages.length
    for (const bytes of writes) client.sendBytes(bytes)
    await client.settled()
    return client.messages.slice(before, -2).map(({ content }) => content.Code)
  }
  t.strictSame(await codesAfter(large), ['frame_too_large'], '2 MiB')
  t.strictSame(await codesAfter(large, large), ['frame_too_large', 'frame_too_large'], 'twice 2 MiB')
  t.strictSame(
    await codesAfter(client.frame('x'.repeat(2 ** 20)), client.frame('x'.repeat(2 ** 20 + 1))),
    ['bad_envelope', 'frame_too_large'],
    'at the limit and one over',
  )
  t.ok(
    (await codesAfter(Buffer.from('noise'.repeat(100)))).every((code) => code === 'bad_frame'),
    'noise',
  )
  t.ok(
    (await codesAfter(Buffer.alloc(100_000, 0x03))).every((code) => code === 'bad_frame'),
    'many ENDs',
  )
  const cut = await codesAfter(Buffer.from('\u0002{"ToUserId":"rita",'))
  t.strictSame(cut, ['bad_frame'], 'START inside a frame')
  t.strictSame(await codesAfter(Buffer.alloc(50, 0x02)), Array(50).fill('bad_frame'), 'many STARTs')
}

async function protoIsAName(t: Tap, server: TestServer): Promise<void> {
  await t.test('__proto__ is an ordinary name and an ordinary key', async (t) => {
    const proto = await server.client('__proto__')
    const other = await server.client('constructor')
    t.match(await proto.text('constructor', '1'), { Success: true })
    const text = await other.take(textFrom('__proto__'), 'the text')
    t.equal(text.content.Message, '1')
    const keys = '"__proto__":{"FromUserId":"bob"},"constructor":{"prototype":1},"hasOwnProperty":1'
    other.sendBody(`{${keys},"ToUserId":"__proto__","MsgType":"__proto__","Content":"{\\"__proto__\\":[]}"}`)
    const arrived = await proto.take(({ envelope }) => envelope.MsgType === '__proto__', 'the message')
    t.ok(arrived.body.includes(keys), 'they are passed on')
    t.equal(arrived.envelope.FromUserId, 'constructor')
    t.match(await proto.text('toString', '1'), { Success: false, Code: 'user_unknown' })
    const list = await proto.request('UserListRequest', { Data: { Prefix: '__proto__' } })
    t.match(list.content, { Items: [{ Value: '__proto__' }] })
    proto.destroy()
    other.destroy()
  })
}

type Tap = import('tap').Test
