import t from 'tap'
import type { Loss } from '../../src/client/arrivals.ts'
import type { Cursor, CursorStore } from '../../src/client/cursor.ts'
import type { Handling } from '../../src/client/handling.ts'
import { Inbox } from '../../src/client/inbox.ts'
import type { IncomingMessage } from '../../src/client/message.ts'

interface World {
  readonly inbox: Inbox
  readonly acknowledged: object[]
  readonly losses: Loss[]
  readonly errors: string[]
}

function start(options: { acknowledges?: boolean; store?: CursorStore } = {}): World {
  const acknowledged: object[] = []
  const losses: Loss[] = []
  const errors: string[] = []
  const inbox = new Inbox({
    acknowledges: options.acknowledges ?? true,
    store: options.store,
    acknowledge: (content) => acknowledged.push(content),
    missing: (loss) => losses.push(loss),
    roomAgain: () => errors.push('room again'),
    error: ({ code }) => errors.push(code),
  })
  return { inbox, acknowledged, losses, errors }
}

function message(seq: number | undefined, id: string | undefined = undefined, more: object = {}): IncomingMessage {
  const envelope = {
    MsgType: 'Own',
    Content: '{}',
    ...(seq === undefined ? {} : { Epoch: 'e1', Seq: seq }),
    ...(id === undefined ? {} : { ClientMsgId: id }),
    ...more,
  }
  return { type: 'Own', from: 'bob', content: {}, envelope }
}

function handlingOf(inbox: Inbox, message: IncomingMessage): Handling {
  const handling = inbox.take(message)?.handling
  if (handling === undefined) throw new Error('it is not to be shown, or has no number')
  return handling
}

t.test('a login says that this client acknowledges, and from where it goes on', async (t) => {
  const { inbox, acknowledged } = start()
  t.equal(inbox.open('alice'), undefined)
  t.same(inbox.loginFields(), { Ack: true })
  inbox.begin({ Success: true, Epoch: 'e1', Seq: 4 })
  t.same(inbox.loginFields(), { Ack: true, Resume: { Epoch: 'e1', Seq: 4 } })
  const handling = handlingOf(inbox, message(5))
  await inbox.flush()
  t.same(acknowledged, [])
  handling.release(true)
  await inbox.flush()
  t.same(acknowledged, [{ Epoch: 'e1', Seq: 5 }])
  t.same(inbox.loginFields(), { Ack: true, Resume: { Epoch: 'e1', Seq: 5 } })
  t.equal(inbox.open('carol'), undefined)
  t.same(inbox.loginFields(), { Ack: true }, 'somebody else has other numbers')
})

t.test('a client that does not acknowledge says nothing, and still shows each message once', async (t) => {
  const { inbox, acknowledged } = start({ acknowledges: false })
  t.same(inbox.loginFields(), {})
  inbox.begin({ Success: true, Epoch: 'e1', Seq: 4 })
  t.same(inbox.take(message(5, 'a')), { handling: undefined })
  t.equal(inbox.take(message(6, 'a')), undefined)
  await inbox.flush()
  t.same(acknowledged, [])
})

t.test('what comes again, by its number or by its id, is not shown, and is acknowledged', async (t) => {
  const { inbox, acknowledged } = start()
  inbox.begin({ Epoch: 'e1', Seq: 0 })
  handlingOf(inbox, message(1, 'a')).release(true)
  await inbox.flush()
  t.equal(inbox.take(message(1, 'a')), undefined)
  await inbox.flush()
  t.same(acknowledged, [
    { Epoch: 'e1', Seq: 1 },
    { Epoch: 'e1', Seq: 1 },
  ])
  t.equal(inbox.take(message(2, 'a')), undefined)
  await inbox.flush()
  t.same(acknowledged[2], { Epoch: 'e1', Seq: 2 })
})

t.test('what nobody handled is shown again after the next login', async (t) => {
  const { inbox } = start()
  inbox.begin({ Epoch: 'e1', Seq: 0 })
  handlingOf(inbox, message(1, 'a')).release(false)
  handlingOf(inbox, message(2, 'b')).release(true)
  t.same(inbox.loginFields(), { Ack: true, Resume: { Epoch: 'e1', Seq: 0 } })
  inbox.begin({ Epoch: 'e1', Seq: 0 })
  handlingOf(inbox, message(1, 'a')).release(true)
  t.equal(inbox.take(message(2, 'b')), undefined)
  t.same(inbox.loginFields(), { Ack: true, Resume: { Epoch: 'e1', Seq: 2 } })
})

t.test('what is missing is told, and so is what comes late', async (t) => {
  const { inbox, losses, errors } = start()
  inbox.begin({ Epoch: 'e1', Seq: 4, Recovered: false, Missing: 3 })
  inbox.take(message(7))
  inbox.take(message(6))
  inbox.begin({ Epoch: 'e2', Seq: 0, Recovered: true })
  t.match(losses, [
    { count: 3, after: undefined, upTo: { epoch: 'e1', seq: 4 } },
    { count: 2, after: { epoch: 'e1', seq: 4 }, upTo: { epoch: 'e1', seq: 6 } },
  ])
  t.same(errors, ['out_of_order'])
})

t.test('a volatile message has no number, whatever stands in it', async (t) => {
  const { inbox, losses } = start()
  inbox.begin({ Epoch: 'e1', Seq: 0 })
  t.same(inbox.take(message(99, 'x', { Volatile: true })), { handling: undefined })
  t.ok(inbox.take(message(1)))
  t.same(losses, [])
})

t.test('what was handled during a login is acknowledged after it', async (t) => {
  const { inbox, acknowledged } = start()
  inbox.begin({ Epoch: 'e1', Seq: 0 })
  const handling = handlingOf(inbox, message(1))
  inbox.loginFields()
  handling.release(true)
  await inbox.flush()
  inbox.begin({ Epoch: 'e1', Seq: 0, Recovered: true })
  await inbox.flush()
  t.same(acknowledged, [
    { Epoch: 'e1', Seq: 1 },
    { Epoch: 'e1', Seq: 1 },
  ])
})

t.test('a store gives the first place, and has each one before the server', async (t) => {
  const log: string[] = []
  let saved: Cursor | undefined = { epoch: 'e1', seq: 7 }
  const store: CursorStore = {
    load: async (userId) => (userId === 'alice' ? saved : undefined),
    save: async (userId, cursor) => {
      saved = cursor
      log.push(`saved ${userId} ${cursor.seq}`)
    },
  }
  const { inbox, acknowledged } = start({ store })
  await inbox.open('alice')
  t.same(inbox.loginFields(), { Ack: true, Resume: { Epoch: 'e1', Seq: 7 } })
  inbox.begin({ Epoch: 'e1', Seq: 7, Recovered: true })
  handlingOf(inbox, message(8)).release(true)
  const flushed = inbox.flush()
  t.same(acknowledged, [])
  await flushed
  t.same(log, ['saved alice 8'])
  t.same(acknowledged, [{ Epoch: 'e1', Seq: 8 }])
})

t.test('a store that fails is told of, and messages go on', async (t) => {
  const store: CursorStore = {
    load: () => Promise.reject(new Error('no disk')),
    save: () => Promise.reject(new Error('no disk')),
  }
  const { inbox, acknowledged, errors } = start({ store })
  await inbox.open('alice')
  t.same(inbox.loginFields(), { Ack: true })
  inbox.begin({ Epoch: 'e1', Seq: 0 })
  handlingOf(inbox, message(1)).release(true)
  await inbox.flush()
  t.same(acknowledged, [{ Epoch: 'e1', Seq: 1 }])
  t.same(errors, ['cursor_store_failed', 'cursor_store_failed'])
})

t.test('what there is no room for is asked for again when there is', async (t) => {
  const { inbox, errors } = start()
  inbox.begin({ Epoch: 'e1', Seq: 0 })
  const large = { Content: JSON.stringify('x'.repeat(3 * 1024 * 1024)) }
  const taken = [1, 2, 3].map((seq) => handlingOf(inbox, message(seq, undefined, large)))
  t.equal(inbox.take(message(4)), undefined)
  t.equal(inbox.take(message(5)), undefined)
  t.same(errors, ['inbox_overflow'])
  for (const handling of taken) handling.release(true)
  t.same(errors, ['inbox_overflow', 'room again'])
  t.equal(inbox.take(message(6)), undefined, 'not before the login')
  t.same(inbox.loginFields(), { Ack: true, Resume: { Epoch: 'e1', Seq: 3 } })
  inbox.begin({ Epoch: 'e1', Seq: 3, Recovered: true })
  for (const seq of [4, 5, 6]) handlingOf(inbox, message(seq)).release(true)
  t.same(inbox.loginFields(), { Ack: true, Resume: { Epoch: 'e1', Seq: 6 } })
})
