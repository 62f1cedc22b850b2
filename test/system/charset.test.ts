import t from 'tap'
import { until } from './support/deadline.ts'
import { startTestServer } from './support/test-server.ts'
import { answerTo, bodyOf, errorOf, textFrom } from './support/wire-client.ts'

const users = ['amy', 'bob', '汤姆', 'mallory']
/** Characters of one, two and four bytes in GB18030; the last two of three and four bytes in UTF-8. */
const text = 'plain 你好，世界 ａ€ \u{20000} 🙂 ü\u0002\u0003'

t.test('a client on a GB18030 listener and one on WebSocket read the same text', async (t) => {
  const server = await startTestServer(t, { users, settings: { CHARSET: 'gb18030' } })
  const amy = await server.client('amy')
  const bob = await server.webSocketClient('bob')
  const tom = await server.client('汤姆')

  t.match(await amy.text('bob', text), { Success: true, Data: { Status: 'sent' } })
  t.equal((await bob.take(textFrom('amy'), 'the text')).content.Message, text)
  t.match(await bob.text('amy', text), { Success: true })
  t.equal((await amy.take(textFrom('bob'), 'the text')).content.Message, text)
  t.match(await bob.text('汤姆', text), { Success: true })
  t.equal((await tom.take(textFrom('bob'), 'the text')).content.Message, text)
  t.match(await tom.text('bob', text), { Success: true })
  t.equal((await bob.take(textFrom('汤姆'), 'the text')).envelope.ToUserId, 'bob')
  const list = await amy.request('UserListRequest', { Data: { Prefix: '汤' } })
  t.match(list.content, { Items: [{ Value: '汤姆' }], Total: 1 })

  await t.test('the bytes are those of GB18030', async (t) => {
    const chunks: Buffer[] = []
    amy.socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    const plain = Buffer.concat([
      Buffer.from('{"ToUserId":"amy","MsgType":"TextMsgRequest","Content":"{\\"Message\\":\\"', 'latin1'),
      Buffer.from('c4e3bac3', 'hex'),
      Buffer.from('\\"}"}', 'latin1'),
    ])
    amy.sendBody(plain)
    t.equal((await amy.take(textFrom('amy'), 'the text')).content.Message, '你好')
    t.ok(Buffer.concat(chunks).includes(Buffer.from('c4e3bac3', 'hex')), 'both ways')
  })

  await t.test('bytes that are not GB18030 reach nobody', async (t) => {
    const mallory = await server.client('mallory')
    const told = bob.messages.length
    for (const bad of ['ff', 'c4', '81308130ff', 'c47f', '8130', 'fe39fe39']) {
      mallory.sendBody(
        Buffer.concat([
          Buffer.from('{"ToUserId":"bob","MsgType":"TextMsgRequest","Content":"{\\"Message\\":\\"', 'latin1'),
          Buffer.from(bad, 'hex'),
          Buffer.from('\\"}"}', 'latin1'),
        ]),
      )
      const refused = await mallory.take(({ envelope }) => envelope.MsgType === 'ErrorResponse', `refusal of ${bad}`)
      t.match(refused.content.Code, /^bad_(frame|envelope)$/, bad)
    }
    t.match(await mallory.text('bob', '末'), { Success: true }, 'the connection still serves')
    await bob.take(textFrom('mallory'), 'the text')
    t.equal(bob.messages.length, told + 1)
  })

  t.same(server.faults(), [])
})

t.test('delimiters of one’s own frame all that is sent, and the usual ones are noise', async (t) => {
  const server = await startTestServer(t, { users, settings: { START_BYTE: '0xfe', END_BYTE: '0xff' } })
  const amy = await server.client('amy')
  const bob = await server.webSocketClient('bob')
  t.match(await amy.text('bob', text), { Success: true })
  t.equal((await bob.take(textFrom('amy'), 'the text')).content.Message, text)
  t.match(await bob.text('amy', text), { Success: true })
  t.equal((await amy.take(textFrom('bob'), 'the text')).content.Message, text)
  amy.sendBytes(Buffer.from(`\u0002${bodyOf('HeartbeatRequest', {}, { CallbackID: 'lost' })}\u0003`))
  await amy.take(errorOf('bad_frame'), 'the report of noise')
  t.match((await amy.request('HeartbeatRequest', {})).envelope, { MsgType: 'HeartbeatResponse' })
  t.notOk(amy.messages.some(answerTo('lost')))
  t.same(server.faults(), [])
})

t.test('a character that is cut between two writes arrives whole', async (t) => {
  const server = await startTestServer(t, { users, settings: { CHARSET: 'gb18030' } })
  const amy = await server.client('amy')
  const barrier = await server.client('bob')
  const frame = amy.frame(bodyOf('TextMsgRequest', { Message: '你🙂好' }, { ToUserId: 'amy' }))
  for (const byte of frame) {
    amy.sendBytes(Buffer.of(byte))
    await barrier.request('HeartbeatRequest', {})
  }
  t.equal((await amy.take(textFrom('amy'), 'the text')).content.Message, '你🙂好')
  await until(() => server.faults().length === 0, 'no faults')
})
