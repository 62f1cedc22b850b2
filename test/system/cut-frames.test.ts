import t from 'tap'
import { until } from './support/deadline.ts'
import type { TcpClient } from './support/tcp-client.ts'
import { password, startTestServer } from './support/test-server.ts'
import { bodyOf, type Received } from './support/wire-client.ts'

/** A session with successes and faults of each kind, from the login on, as one stretch of bytes. */
function sessionBytes(token: string): Buffer {
  const frame = (body: string): Buffer => Buffer.from(`\u0002${body}\u0003`)
  return Buffer.concat([
    frame(bodyOf('AuthRequest', { UserId: 'amy', Token: token }, { CallbackID: '1' })),
    frame(bodyOf('TextMsgRequest', { Message: '你好 🙂 1' }, { ToUserId: 'bob', CallbackID: '2' })),
    frame(bodyOf('TextMsgRequest', { Message: '2' }, { ToUserId: 'bob', FromUserId: 'amy' })),
    frame(bodyOf('TextMsgRequest', { Message: '3' }, { ToUserId: 'bob', FromUserId: 'amy' })),
    frame(bodyOf('UserListRequest', {}, { CallbackID: '3' })),
    frame(bodyOf('TextMsgRequest', { Message: 'x' }, { ToUserId: 'nobody', CallbackID: '4' })),
    frame('{"MsgType":"Broken","CallbackID":"5"'),
    Buffer.from('\u0002{"MsgType":"Truncated"'),
    frame('{"MsgType":"HeartbeatRequest","Msgtype":"","CallbackID":"6"}'),
    Buffer.concat([Buffer.from('\u0002{"MsgType":"'), Buffer.of(0xe4, 0xbd), Buffer.from('"}\u0003')]),
    frame(bodyOf('HeartbeatRequest', {}, { CallbackID: '7' })),
    frame(bodyOf('TextMsgRequest', { Message: '末' }, { ToUserId: 'bob', FromUserId: null })),
    frame(bodyOf('NoSuchRequest', {}, { CallbackID: '8' })),
  ])
}

/** What does not depend on the moment. Answers of different threads may come in another order. */
function normalised(messages: readonly Received[]): string[] {
  return messages
    .map(({ body }) =>
      body.replace(/("CreateTime":)\d+/, '$10').replace(/(\\"(SessionId|Token|TokenExpires)\\":)[^,}]+/g, '$1_'),
    )
    .sort()
}

t.test('the frames of a session get the same replies wherever they are cut', async (t) => {
  const settings = {
    USER_MESSAGES_PER_SECOND: '0',
    SESSION_POLICY: 'multi',
    ACCEPTOR_THREADS: '1',
    USER_SESSIONS_MAX: '1000',
  }
  const server = await startTestServer(t, { users: ['amy', 'bob'], settings })
  const bob = await server.client('bob')
  const first = await server.connect()
  const token = (await first.login('amy', { Password: password })).Token ?? ''
  const bytes = sessionBytes(token)

  /** The acceptor serves sockets in the order in which they became ready, so this tells that what was sent has been read. */
  const read = (): Promise<Received> => bob.request('HeartbeatRequest', {})

  const run = async (
    write: (client: TcpClient) => Promise<void>,
    replyCount: number,
  ): Promise<[string[], string[]]> => {
    const client = await server.connect()
    const toldBefore = bob.messages.length
    const texts = (): Received[] =>
      bob.messages.slice(toldBefore).filter(({ envelope }) => envelope.MsgType === 'TextMsgRequest')
    await write(client)
    await until(() => client.messages.length >= replyCount && texts().length >= 4, 'the replies')
    await client.settled()
    const replies = client.messages.slice(0, -2)
    client.destroy()
    return [normalised(replies), texts().map(({ body }) => body)]
  }

  const whole = await run(async (client) => client.sendBytes(bytes), 10)
  t.equal(whole[0].length, 10)
  t.strictSame(
    whole[1].map((body) => (JSON.parse(JSON.parse(body).Content) as { Message: string }).Message),
    ['你好 🙂 1', '2', '3', '末'],
  )

  await t.test('cut in two at every byte', async (t) => {
    const different: number[] = []
    for (let cut = 1; cut < bytes.length; cut++) {
      const [replies, texts] = await run(async (client) => {
        client.sendBytes(bytes.subarray(0, cut))
        await read()
        client.sendBytes(bytes.subarray(cut))
      }, 10)
      if (JSON.stringify([replies, texts]) !== JSON.stringify(whole)) different.push(cut)
    }
    t.same(different, [], `${bytes.length - 1} cuts`)
  })

  await t.test('byte by byte', async (t) => {
    const [replies, texts] = await run(async (client) => {
      for (const byte of bytes) {
        client.sendBytes(Buffer.of(byte))
        await read()
      }
    }, 10)
    t.strictSame([replies, texts], whole)
  })

  t.same(server.faults(), [])
})
