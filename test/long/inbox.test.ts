import t from 'tap'
import { until } from '../system/support/deadline.ts'
import type { TcpClient } from '../system/support/tcp-client.ts'
import { password, startTestServer, type TestServer } from '../system/support/test-server.ts'
import { type Content, type Received, textFrom } from '../system/support/wire-client.ts'

const settings = { SESSION_POLICY: 'multi', ACK_WAIT_MS: '300', USER_MESSAGES_PER_SECOND: '0' }

/** A login of a client that acknowledges. */
async function acknowledging(
  server: TestServer,
  user: string,
  more: { DeviceId?: string; Resume?: { Epoch: string; Seq: number } } = {},
): Promise<{ client: TcpClient; login: Content }> {
  const client = await server.connect()
  const content = { UserId: user, Password: password, Ack: true, ...more }
  const { content: login } = await client.request('AuthRequest', content)
  client.user = user
  return { client, login }
}

function textOf({ content }: Received): string {
  return content.Message ?? ''
}

function place({ envelope }: Received): { Epoch: string; Seq: number } {
  return { Epoch: String(envelope['Epoch']), Seq: Number(envelope['Seq']) }
}

async function takeTexts(client: TcpClient, from: string, count: number): Promise<Received[]> {
  const taken: Received[] = []
  for (let index = 0; index < count; index++)
    taken.push(await client.take(textFrom(from), `text ${index + 1} of ${count}`))
  return taken
}

t.test('what is sent to somebody who is away is stored, and comes at the login in its order, once', async (t) => {
  const server = await startTestServer(t, { users: ['amy', 'bob'], settings })
  const amy = await server.client('amy')
  for (const text of ['one', 'two', 'three']) {
    const { Data } = await amy.text('bob', text)
    t.match(Data, { Status: 'stored', MsgId: /^e\d+-\d+-[0-9a-f]{12}$/ })
  }
  const { client: bob, login } = await acknowledging(server, 'bob', { DeviceId: 'phone' })
  t.match(login, { Success: true, Recovered: true })
  const texts = await takeTexts(bob, 'amy', 3)
  t.strictSame(texts.map(textOf), ['one', 'two', 'three'])
  t.strictSame(
    texts.map((text) => place(text).Seq),
    [1, 2, 3],
  )
  t.match((await bob.request('AckRequest', place(texts[2] as Received))).content, { Success: true })
  bob.destroy()

  const again = await acknowledging(server, 'bob', { DeviceId: 'phone' })
  t.match((await amy.text('bob', 'four')).Data, { Status: 'stored' })
  t.strictSame((await takeTexts(again.client, 'amy', 1)).map(textOf), ['four'])
})

t.test('what the receiver acknowledges is delivered', async (t) => {
  const server = await startTestServer(t, { users: ['amy', 'bob'], settings: { ...settings, ACK_WAIT_MS: '20000' } })
  const amy = await server.client('amy')
  const { client: bob } = await acknowledging(server, 'bob', { DeviceId: 'phone' })
  const answer = amy.text('bob', 'hello')
  const [text] = await takeTexts(bob, 'amy', 1)
  t.type(text?.envelope['ServerTime'], 'number')
  bob.send('AckRequest', place(text as Received))
  t.match((await answer).Data, { Status: 'delivered', MsgId: text?.envelope['MsgId'] })
  t.match((await bob.request('AckRequest', { Epoch: place(text as Received).Epoch, Seq: 9 })).content, {
    Code: 'bad_content',
  })
})

t.test(
  'a client that does not acknowledge gets what was stored at its login, and then hears as it always did',
  async (t) => {
    const server = await startTestServer(t, { users: ['amy', 'cat'], settings })
    const amy = await server.client('amy')
    t.match((await amy.text('cat', 'stored')).Data, { Status: 'stored' })
    const cat = await server.client('cat')
    const [stored] = await takeTexts(cat, 'amy', 1)
    t.equal(stored?.envelope['Seq'], undefined)
    await until(
      async () => ((await amy.text('cat', 'live')).Data as { Status?: string }).Status === 'sent',
      'cat is served as before',
    )
    cat.destroy()
    const again = await server.client('cat')
    await again.settled()
    t.notOk(again.messages.some((message) => textOf(message) === 'stored'))
  },
)

t.test('two devices each get everything, whichever was there', async (t) => {
  const server = await startTestServer(t, { users: ['amy', 'bob'], settings })
  const amy = await server.client('amy')
  const first = await acknowledging(server, 'bob', { DeviceId: 'phone' })
  const desk = await acknowledging(server, 'bob', { DeviceId: 'desk' })
  desk.client.destroy()
  const answer = amy.text('bob', 'for both')
  const [text] = await takeTexts(first.client, 'amy', 1)
  first.client.send('AckRequest', place(text as Received))
  t.match((await answer).Data, { Status: /delivered|stored/ })
  const back = await acknowledging(server, 'bob', { DeviceId: 'desk' })
  t.match(back.login, { Recovered: true })
  t.strictSame((await takeTexts(back.client, 'amy', 1)).map(textOf), ['for both'])
})

t.test('a device that resumes hears whether anything is missing', async (t) => {
  const server = await startTestServer(t, {
    users: ['amy', 'bob'],
    settings: { ...settings, INBOX_MESSAGES_MAX: '2', INBOX_POLICY: 'drop_oldest' },
  })
  const amy = await server.client('amy')
  const { client: bob, login } = await acknowledging(server, 'bob', { DeviceId: 'phone' })
  bob.destroy()
  await until(() => server.running !== undefined && bob.isEnded(), 'bob has gone')
  for (const text of ['one', 'two', 'three']) t.match((await amy.text('bob', text)).Data, { Status: 'stored' })
  const dropped = await amy.take(({ envelope }) => envelope.MsgType === 'ReceiptEvent', 'that one had to make room')
  t.match(dropped.content, { ToUserId: 'bob', Status: 'dropped', Items: [{ MsgId: /^e\d+-1-/ }] })
  const resume = { Epoch: String(login['Epoch']), Seq: Number(login['Seq']) }
  const back = await acknowledging(server, 'bob', { DeviceId: 'phone', Resume: resume })
  t.match(back.login, { Recovered: false, Missing: 1 })
  t.strictSame((await takeTexts(back.client, 'amy', 2)).map(textOf), ['two', 'three'])
})

t.test('a message that is sent again has its first answer again', async (t) => {
  const server = await startTestServer(t, { users: ['amy', 'bob'], settings })
  const amy = await server.connect()
  await amy.request('AuthRequest', { UserId: 'amy', Password: password, DeviceId: 'desk' })
  const fields = { ToUserId: 'bob', ClientMsgId: 'm1' }
  const first = await amy.request('TextMsgRequest', { Message: 'once' }, fields)
  t.match(first.content.Data, { Status: 'stored', Duplicate: undefined })
  const second = await amy.request('TextMsgRequest', { Message: 'once' }, fields)
  t.match(second.content.Data, { Status: 'stored', MsgId: first.content.Data?.['MsgId'], Duplicate: true })
  t.match((await amy.request('TextMsgRequest', { Message: 'other' }, fields)).content, { Code: 'id_reused' })
  const { client: bob } = await acknowledging(server, 'bob')
  await takeTexts(bob, 'amy', 1)
  await bob.settled()
  t.equal(bob.messages.filter((message) => textOf(message) === 'once').length, 1)
})

t.test('volatile messages are for who is there, and never stored', async (t) => {
  const server = await startTestServer(t, { users: ['amy', 'bob'], settings })
  const amy = await server.client('amy')
  const fields = { ToUserId: 'bob', Volatile: true }
  t.match((await amy.request('TextMsgRequest', { Message: 'gone' }, fields)).content, { Code: 'user_offline' })
  const { client: bob } = await acknowledging(server, 'bob')
  t.match((await amy.request('TextMsgRequest', { Message: 'there' }, fields)).content.Data, { Status: 'sent' })
  t.strictSame((await takeTexts(bob, 'amy', 1)).map(textOf), ['there'])
})

t.test('a stop loses nothing that was answered, and leaves nothing unanswered', async (t) => {
  const server = await startTestServer(t, { users: ['amy', 'bob'], settings: { ...settings, ACK_WAIT_MS: '20000' } })
  const amy = await server.client('amy')
  const { client: bob } = await acknowledging(server, 'bob', { DeviceId: 'phone' })
  const answer = amy.text('bob', 'before the stop')
  await takeTexts(bob, 'amy', 1)
  await server.running.drain()
  t.match((await answer).Data, { Status: 'stored' })
})
