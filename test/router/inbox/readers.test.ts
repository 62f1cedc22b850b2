import t from 'tap'
import type { InboxCalls } from '../../../src/mailbox/inbox-messages.ts'
import type { RouterEffect } from '../../../src/router/events.ts'
import { ofKind, saidTo } from '../router-world.ts'
import { givenTo, InboxWorld, runsIn } from './inbox-world.ts'

type Page = InboxCalls['readInbox']['give']

function pageOf(seq: number, count: number, more: boolean): Page {
  const frames = Buffer.from('\u0002{"a":1}\u0003'.repeat(count))
  return { segments: [{ epoch: 1, seq, count, frames }], end: { epoch: 1, seq: seq + count - 1 }, more, damaged: [] }
}

function read(world: InboxWorld, connection: number, user: string, page: Page | undefined): RouterEffect[] {
  return world.step({ kind: 'inboxRead', connection, user, page })
}

function receiptOf(effects: readonly RouterEffect[]): number {
  return ofKind(effects, 'send').reduce(
    (last, { message }) => ('receipt' in message && message.receipt !== 0 ? message.receipt : last),
    0,
  )
}

t.test('a session is fed page by page, each when the one before has left, and then lives on what comes', async (t) => {
  const world = new InboxWorld()
  world.login(1, 'ann')
  t.match(ofKind(world.acknowledging(2, 'bob', { count: 3 }), 'readInbox'), [{ after: { epoch: 0, seq: 0 } }])
  Object.assign(world.recipient('bob'), { lastSeq: 3, lastUsed: 3 })
  const first = read(world, 2, 'bob', pageOf(1, 2, true))
  t.strictSame(givenTo(first, 2), [1])
  t.strictSame(ofKind(first, 'readInbox'), [])
  t.match(ofKind(world.written([receiptOf(first)]), 'readInbox'), [{ after: { epoch: 1, seq: 2 } }])
  const between = world.relay(1, 'bob', 'c1')
  t.strictSame(givenTo(between, 2), [], 'what is stored comes first')
  const runs = runsIn(between)
  t.match(runs, [{ seq: 4 }])
  t.strictSame(givenTo(read(world, 2, 'bob', pageOf(3, 1, false)), 2), [3, 4], 'the rest comes out of memory')
  world.stored(runs)
  t.strictSame(givenTo(world.relay(1, 'bob'), 2), [5])
})

t.test('what left memory meanwhile is read again', async (t) => {
  const world = new InboxWorld()
  world.login(1, 'ann')
  world.acknowledging(2, 'bob', { count: 1 })
  Object.assign(world.recipient('bob'), { lastSeq: 1, lastUsed: 1 })
  world.stored(runsIn(world.relay(1, 'bob', undefined, `{"a":"${'x'.repeat(1200)}"}`)))
  const effects = read(world, 2, 'bob', pageOf(1, 1, false))
  t.strictSame(givenTo(effects, 2), [1])
  t.match(ofKind(world.written([receiptOf(effects)]), 'readInbox'), [{ after: { epoch: 1, seq: 1 } }])
})

t.test('where the store can not be read it is asked again, and damage is told', async (t) => {
  const world = new InboxWorld()
  world.acknowledging(2, 'bob', { count: 1 })
  t.strictSame(read(world, 2, 'bob', undefined), [])
  t.strictSame(ofKind(world.later(100), 'readInbox'), [])
  t.equal(ofKind(world.later(200), 'readInbox').length, 1)
  const damaged = [{ user: 'bob', epoch: 1, from: 1, to: 1 }]
  const told = read(world, 2, 'bob', { segments: [], end: { epoch: 1, seq: 1 }, more: false, damaged })
  t.match(saidTo(told, 2), [{ content: { Code: 'storage_failed', Detail: { Epoch: 'e1', From: 1, To: 1 } } }])
  t.match(ofKind(told, 'observed'), [{ name: 'storedDamaged', user: 'bob', detail: 'e1, 1 to 1' }], 'the log too')
})

t.test('a client that does not acknowledge is noted to have what was written to it', async (t) => {
  const world = new InboxWorld()
  world.step({ kind: 'inboxesKnown', users: ['cat'] })
  world.login(2, 'cat')
  world.opened(2, 'cat', { count: 1, devices: [] })
  const effects = read(world, 2, 'cat', pageOf(1, 1, false))
  t.match(ofKind(world.written([receiptOf(effects)]), 'noteWritten'), [{ user: 'cat', epoch: 1, seq: 1 }])
  world.later(100)
  t.equal(world.state.inbox.recipients.size, 0, 'and is served as everybody after that')
})

t.test('what was never given can not be acknowledged', async (t) => {
  const world = new InboxWorld()
  world.acknowledging(2, 'bob')
  const effects = world.step({ kind: 'acknowledged', connection: 2, callbackId: 'a', epoch: 1, seq: 1 })
  t.match(saidTo(effects, 2), [{ callbackId: 'a', content: { Code: 'bad_content' } }])
})

t.test('what is in memory alone is given in its place among what is stored, and no message twice', async (t) => {
  const world = new InboxWorld({ sessionPolicy: 'multi' })
  world.login(1, 'ann')
  world.acknowledging(2, 'bob', { devices: ['phone', 'desk'] })
  const refused = world.relay(1, 'bob', 'c1')
  world.stored(runsIn(refused), { from: 0, code: 'storage_full' })
  world.stored(runsIn(world.relay(1, 'bob')))
  const opened = world.acknowledging(3, 'bob', { count: 1, devices: ['phone', 'desk'] }, 'desk')
  t.equal(ofKind(opened, 'readInbox').length, 1)
  t.strictSame(
    givenTo(read(world, 3, 'bob', pageOf(2, 1, false)), 3),
    [1, 2],
    'the first one waits for its acknowledgement',
  )
  t.match(saidTo(world.acknowledge(3, { epoch: 1, seq: 2 }), 1), [{ content: { Data: { Status: 'delivered' } } }])
})

t.test('of a run that was stored in part the stored part is given once', async (t) => {
  const world = new InboxWorld()
  world.login(1, 'ann')
  world.acknowledging(2, 'bob', { count: 1, cursor: { epoch: 0, seq: 9 } })
  const frames = Buffer.from('\u0002{"a":1}\u0003'.repeat(2))
  const relayed = world.step({
    kind: 'relay',
    connection: 1,
    to: 'bob',
    count: 2,
    callbackIds: [],
    isVolatile: false,
    frames,
  })
  world.stored(runsIn(relayed), { from: 1, code: 'inbox_full' })
  t.strictSame(givenTo(read(world, 2, 'bob', pageOf(1, 1, false)), 2), [1])
})
