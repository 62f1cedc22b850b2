import t, { type Test } from 'tap'
import {
  type Client,
  type ConnectOptions,
  type Cursor,
  connect,
  type Loss,
  type Receipt,
} from '../../src/client/index.ts'
import { except, FakeServer, type Received, type Script, usual } from './fake-server.ts'

const alice = { userId: 'alice', password: 'correct horse' }

/** A server that numbers what it sends, and says at each login where this device is. */
interface Place {
  epoch: string
  seq: number
  recovered?: boolean
  missing?: number
}

async function pair(
  t: Test,
  options: ConnectOptions & { place?: Place | undefined; scripts?: Record<string, Script> } = {},
): Promise<{ server: FakeServer; client: Client; losses: Loss[]; errors: string[] }> {
  const { place, scripts, ...rest } = options
  const welcome: Script = (request, peer) => {
    const { Resume } = request.content
    const at = Resume ?? (place && { Epoch: place.epoch, Seq: place.seq })
    const { recovered, missing } = place ?? {}
    peer.answer(request, 'AuthResponse', {
      Success: true,
      UserId: request.content.UserId,
      SessionId: 's',
      ...(request.content.Ack ? at : {}),
      ...(recovered === undefined ? {} : { Recovered: recovered }),
      ...(missing === undefined ? {} : { Missing: missing }),
    })
  }
  const server = await FakeServer.tcp(except({ AuthRequest: welcome, AckRequest: () => {}, ...scripts }))
  t.teardown(() => server.close())
  const client = await connect({ url: server.url, reconnect: { baseMs: 1, capMs: 5 }, closeTimeoutMs: 500, ...rest })
  t.teardown(() => client.close())
  const losses: Loss[] = []
  const errors: string[] = []
  client.on('missing', (loss) => void losses.push(loss))
  client.on('error', ({ code }) => void errors.push(code))
  return { server, client, losses, errors }
}

function connectedAgain(client: Client): Promise<void> {
  return new Promise((resolve) =>
    client.on('connected', ({ again }) => {
      if (again) resolve()
    }),
  )
}

function of(server: FakeServer, type: string): Received[] {
  return server.received.filter(({ MsgType }) => MsgType === type)
}

function acknowledged(server: FakeServer): unknown[] {
  return of(server, 'AckRequest').map(({ content }) => content)
}

/** Sends a numbered text of bob's. */
function text(server: FakeServer, seq: number, more: { epoch?: string; id?: string; message?: string } = {}): void {
  server.peer.send({
    MsgType: 'TextMsgRequest',
    FromUserId: 'bob',
    content: { Message: more.message ?? String(seq) },
    Epoch: more.epoch ?? 'e1',
    Seq: seq,
    MsgId: `${more.epoch ?? 'e1'}-${seq}-abcdef`,
    ...(more.id === undefined ? {} : { ClientMsgId: more.id }),
  })
}

t.test('what was handled is acknowledged, also when the handler takes its time', async (t) => {
  const { server, client } = await pair(t, { place: { epoch: 'e1', seq: 0 }, deviceId: 'phone' })
  const ends: (() => void)[] = []
  client.on('TextMsgRequest', () => new Promise<void>((resolve) => ends.push(resolve)))
  await client.login(alice)
  t.match((await server.message('AuthRequest')).content, { Ack: true, DeviceId: 'phone', Resume: undefined })
  for (const seq of [1, 2, 3]) text(server, seq)
  await client.users()
  t.equal(ends.length, 3)
  ends[1]?.()
  await client.users()
  t.same(acknowledged(server), [])
  ends[0]?.()
  await server.message('AckRequest')
  t.same(acknowledged(server), [{ Epoch: 'e1', Seq: 2 }])
  t.equal(of(server, 'AckRequest')[0]?.CallbackID, undefined)
  ends[2]?.()
  t.same((await server.message('AckRequest', 2)).content, { Epoch: 'e1', Seq: 3 })
})

t.test('many messages at once are acknowledged together', async (t) => {
  const { server, client } = await pair(t, { place: { epoch: 'e1', seq: 0 } })
  let count = 0
  client.on('TextMsgRequest', () => void count++)
  await client.login(alice)
  const burst = Array.from({ length: 300 }, (_, index) =>
    JSON.stringify({
      MsgType: 'TextMsgRequest',
      FromUserId: 'bob',
      Content: '{"Message":"x"}',
      Epoch: 'e1',
      Seq: index + 1,
    }),
  )
  server.peer.raw(Buffer.from(burst.map((body) => `\x02${body}\x03`).join('')))
  await server.until('all acknowledged', () => (acknowledged(server).at(-1) as { Seq?: number })?.Seq === 300)
  t.equal(count, 300)
  t.ok(acknowledged(server).length <= 12, `${acknowledged(server).length} acknowledgements`)
})

t.test('a loop acknowledges when it asks for the next message, and when it ends', async (t) => {
  const { server, client } = await pair(t, { place: { epoch: 'e1', seq: 0 } })
  await client.login(alice)
  for (const seq of [1, 2, 3]) text(server, seq)
  const got: unknown[] = []
  for await (const { content } of client) {
    got.push(content)
    await client.users()
    t.same(acknowledged(server).at(-1), got.length === 1 ? undefined : { Epoch: 'e1', Seq: got.length - 1 })
    if (got.length === 2) break
  }
  await server.until('the second', () => (acknowledged(server).at(-1) as { Seq?: number })?.Seq === 2)
  for await (const { content } of client) {
    t.match(content, { Message: '3' }, 'what the first loop did not take')
    break
  }
  await server.until('the third', () => (acknowledged(server).at(-1) as { Seq?: number })?.Seq === 3)
})

t.test('nothing is acknowledged for an application that handles nothing, nor where it is turned off', async (t) => {
  const { server, client } = await pair(t, { place: { epoch: 'e1', seq: 0 } })
  await client.login(alice)
  text(server, 1)
  await client.users()
  await client.close()
  t.same(acknowledged(server), [])
  const off = await pair(t, { place: { epoch: 'e1', seq: 0 }, acknowledge: false })
  off.client.on('TextMsgRequest', () => {})
  await off.client.login(alice)
  t.equal((await off.server.message('AuthRequest')).content.Ack, undefined)
  text(off.server, 1)
  await off.client.users()
  await off.client.close()
  t.same(acknowledged(off.server), [])
})

t.test('what is handled when the client is closed is still acknowledged', async (t) => {
  const { server, client } = await pair(t, { place: { epoch: 'e1', seq: 0 } })
  await client.login(alice)
  text(server, 1)
  for await (const _ of client) break
  await client.close()
  await server.until('the end', () => server.peer.isClosed)
  t.same(acknowledged(server), [{ Epoch: 'e1', Seq: 1 }])
})

t.test('each login goes on at the cursor, and what comes again is shown once', async (t) => {
  const { server, client, losses } = await pair(t, { place: { epoch: 'e1', seq: 0 } })
  const got: string[] = []
  let hold = true
  let end = (): void => {}
  client.on('TextMsgRequest', ({ Message }) => {
    got.push(Message)
    if (Message === '2' && hold) return new Promise<void>((resolve) => (end = resolve))
    return undefined
  })
  await client.login(alice)
  text(server, 1)
  text(server, 2)
  await server.message('AckRequest')
  const again = connectedAgain(client)
  hold = false
  server.peer.cut()
  await again
  t.same(of(server, 'AuthRequest')[1]?.content.Resume, { Epoch: 'e1', Seq: 1 })
  text(server, 2)
  text(server, 3)
  await client.users()
  t.same(got, ['1', '2', '3'])
  t.same(acknowledged(server), [{ Epoch: 'e1', Seq: 1 }], 'the second is still in hand')
  end()
  await server.until('all', () => (acknowledged(server).at(-1) as { Seq?: number })?.Seq === 3)
  t.same(losses, [])
})

t.test('a message that its sender sent again is shown once', async (t) => {
  const { server, client } = await pair(t, { place: { epoch: 'e1', seq: 0 } })
  const got: string[] = []
  client.on('TextMsgRequest', ({ Message }) => void got.push(Message))
  await client.login(alice)
  text(server, 1, { id: 'a', message: 'hi' })
  text(server, 2, { id: 'a', message: 'hi' })
  text(server, 3, { id: 'b', message: 'hi' })
  await server.until('all', () => (acknowledged(server).at(-1) as { Seq?: number })?.Seq === 3)
  t.same(got, ['hi', 'hi'])
})

t.test('what is missing is told: at the login, and between numbers', async (t) => {
  const { server, client, losses, errors } = await pair(t, {
    place: { epoch: 'e3', seq: 10, recovered: false, missing: 4 },
  })
  await client.login(alice)
  t.match(losses, [{ count: 4, upTo: { epoch: 'e3', seq: 10 } }])
  client.on('TextMsgRequest', () => {})
  text(server, 13, { epoch: 'e3' })
  text(server, 12, { epoch: 'e3' })
  await client.users()
  t.match(losses[1], { count: 2, after: { epoch: 'e3', seq: 10 }, upTo: { epoch: 'e3', seq: 12 } })
  t.same(errors, ['out_of_order'])
})

t.test('a cursor is remembered by a store, and is there before anything else at the next start', async (t) => {
  const saved = new Map<string, Cursor>()
  const cursorStore = {
    load: async (userId: string) => saved.get(userId),
    save: async (userId: string, cursor: Cursor) => void saved.set(userId, cursor),
  }
  const first = await pair(t, { place: { epoch: 'e1', seq: 0 }, cursorStore })
  first.client.on('TextMsgRequest', () => {})
  await first.client.login(alice)
  text(first.server, 1)
  await first.server.message('AckRequest')
  t.same(saved.get('alice'), { epoch: 'e1', seq: 1 })
  await first.client.close()
  const second = await pair(t, { cursorStore })
  await second.client.login(alice)
  t.same((await second.server.message('AuthRequest')).content.Resume, { Epoch: 'e1', Seq: 1 })
})

t.test('what was not answered is sent again after a reconnect, in order and before anything newer', async (t) => {
  const { server, client } = await pair(t, {
    scripts: { TextMsgRequest: (request, peer) => peer.index > 0 && usual(request, peer) },
  })
  await client.login(alice)
  const results = ['1', '2', '3'].map((message) => client.send('bob', message))
  await server.message('TextMsgRequest', 3)
  const lost = new Promise<void>((resolve) => client.on('disconnected', () => resolve()))
  server.peer.cut()
  await lost
  results.push(client.send('bob', '4', { clientMsgId: 'mine' }))
  t.match(await Promise.all(results), [
    { status: 'sent' },
    { status: 'sent' },
    { status: 'sent' },
    { clientMsgId: 'mine' },
  ])
  const sent = of(server, 'TextMsgRequest')
  t.same(
    sent.map(({ content }) => content.Message),
    ['1', '2', '3', '1', '2', '3', '4'],
  )
  t.same(
    sent.slice(0, 3).map(({ ClientMsgId }) => ClientMsgId),
    sent.slice(3, 6).map(({ ClientMsgId }) => ClientMsgId),
  )
  t.equal(new Set(sent.map(({ ClientMsgId }) => ClientMsgId)).size, 4)
  t.equal(sent[6]?.ClientMsgId, 'mine')
})

t.test('what is volatile, or can’t be repeated, is not sent again', async (t) => {
  const { server, client } = await pair(t, { scripts: { TextMsgRequest: () => {} } })
  await client.login(alice)
  const sending = client.send('bob', 'now', { volatile: true })
  t.equal((await server.message('TextMsgRequest')).Volatile, true)
  const again = connectedAgain(client)
  server.peer.cut()
  await t.rejects(sending, { code: 'connection_lost' })
  await again
  t.equal(of(server, 'TextMsgRequest').length, 1)
})

t.test('a request to a user outlives the connection, and its answer counts once', async (t) => {
  const { server, client } = await pair(t, { place: { epoch: 'e1', seq: 0 } })
  await client.login(alice)
  const asked = client.request('Own', { q: 1 }, { to: 'bob' })
  const { CallbackID } = await server.message('Own')
  await client.users()
  const again = connectedAgain(client)
  server.peer.cut()
  await again
  server.peer.send({ MsgType: 'OwnAnswer', FromUserId: 'bob', content: { a: 2 }, CallbackID, Epoch: 'e1', Seq: 1 })
  t.same(await asked, { a: 2 })
  t.same((await server.message('AckRequest')).content, { Epoch: 'e1', Seq: 1 })
  t.equal(of(server, 'Own').length, 1, 'the server had it')
})

t.test('a message whose answer does not come in time may have arrived, and its id is told', async (t) => {
  const { client } = await pair(t, { scripts: { TextMsgRequest: () => {} } })
  await client.login(alice)
  await t.rejects(client.send('bob', 'hi', { timeoutMs: 20, clientMsgId: 'mine' }), {
    code: 'timeout',
    clientMsgId: 'mine',
    message: /may or may not have arrived/,
  })
})

t.test('what the server refuses is told with its code, and whether to try again', async (t) => {
  const refuse: Script = (request, peer) =>
    peer.answer(request, 'CommonResponse', {
      Success: false,
      Code: 'storage_full',
      Message: 'No room.',
      Data: { Status: 'rejected', RetryAfter: 2 },
    })
  const { client } = await pair(t, { scripts: { TextMsgRequest: refuse } })
  await client.login(alice)
  await t.rejects(client.send('bob', 'hi'), { code: 'storage_full', retryable: true, retryAfterMs: 2000 })
})

t.test('receipts are asked for and told, and acknowledged like messages', async (t) => {
  const { server, client } = await pair(t, {
    place: { epoch: 'e1', seq: 0 },
    receipts: true,
    scripts: {
      TextMsgRequest: (request, peer) =>
        peer.answer(request, 'CommonResponse', { Success: true, Data: { Status: 'stored', MsgId: 'e1-9-ab' } }),
    },
  })
  const receipts: Receipt[] = []
  client.on('receipt', (receipt) => void receipts.push(receipt))
  await client.login(alice)
  t.equal((await server.message('AuthRequest')).content.Receipts, true)
  const { msgId, clientMsgId, status } = await client.send('bob', 'hi')
  t.same([msgId, status], ['e1-9-ab', 'stored'])
  server.peer.send({
    MsgType: 'ReceiptEvent',
    content: { ToUserId: 'bob', Status: 'delivered', Items: [{ MsgId: msgId, ClientMsgId: clientMsgId }] },
    Epoch: 'e1',
    Seq: 1,
  })
  t.same((await server.message('AckRequest')).content, { Epoch: 'e1', Seq: 1 })
  t.same(receipts, [{ to: 'bob', status: 'delivered', msgId: 'e1-9-ab', clientMsgId }])
})

t.test('reading is told, and the past can be asked for', async (t) => {
  const { server, client } = await pair(t, {
    place: { epoch: 'e1', seq: 0 },
    scripts: {
      HistoryRequest: (request, peer) =>
        peer.answer(request, 'HistoryResponse', {
          Success: true,
          UserId: 'bob',
          Items: [
            { Position: 3, Message: { FromUserId: 'bob', MsgType: 'TextMsgRequest', Content: '{"Message":"old"}' } },
          ],
          More: true,
          Unread: 1,
        }),
      ConversationsRequest: (request, peer) =>
        peer.answer(request, 'ConversationsResponse', { Success: true, Items: [{ UserId: 'bob', Unread: 1 }] }),
    },
  })
  await client.login(alice)
  text(server, 1)
  for await (const message of client) {
    await client.read(message)
    break
  }
  t.same((await server.message('ReadRequest')).content, { UserId: 'bob', MsgId: 'e1-1-abcdef' })
  const page = await client.history('bob', { before: 7, limit: 1 })
  t.same((await server.message('HistoryRequest')).content, { UserId: 'bob', Before: 7, Limit: 1 })
  t.match(page, { items: [{ position: 3, message: { content: { Message: 'old' } } }], more: true, unread: 1 })
  t.match(await client.conversations({ limit: 5 }), { items: [{ userId: 'bob', unread: 1 }], after: undefined })
  t.same((await server.message('ConversationsRequest')).content, { Limit: 5 })
  const unnumbered = { type: 'Own', from: 'bob', content: {}, envelope: { MsgType: 'Own' } }
  await t.rejects(client.read(unnumbered), { code: 'bad_argument' })
})

t.test('an older server, that numbers nothing, is no harm', async (t) => {
  const { server, client } = await pair(t)
  const got: string[] = []
  client.on('TextMsgRequest', ({ Message }) => void got.push(Message))
  await client.login(alice)
  server.peer.send({ MsgType: 'TextMsgRequest', FromUserId: 'bob', content: { Message: 'hi' } })
  await client.users()
  t.same(got, ['hi'])
  t.same(acknowledged(server), [])
})

t.test('a loop that is slower than the server gets everything, once and in order', async (t) => {
  const total = 12_000
  const burst = (from: number): string =>
    Array.from({ length: total - from }, (_, index) => {
      const Seq = from + index + 1
      return `\x02${JSON.stringify({ MsgType: 'Own', FromUserId: 'bob', Content: `{"n":${Seq}}`, Epoch: 'e1', Seq })}\x03`
    }).join('')
  const { server, client, errors } = await pair(t, { place: { epoch: 'e1', seq: 0 } })
  client.on('connected', () => {
    const from = of(server, 'AuthRequest').at(-1)?.content.Resume?.Seq ?? 0
    setImmediate(() => server.peer.raw(Buffer.from(burst(from))))
  })
  await client.login(alice)
  let count = 0
  for await (const { content } of client) {
    count++
    if ((content as { n: number }).n !== count) t.fail(`${JSON.stringify(content)} is not ${count}`)
    // What the loop waits for comes over the same connection, also while that is made anew.
    if (count % 500 === 0) await client.send('bob', String(count))
    if (count === total) break
  }
  t.equal(count, total)
  t.same(new Set(errors), new Set(['inbox_overflow']))
  t.ok(server.peers.length > 1)
})
