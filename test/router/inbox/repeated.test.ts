import { createHash } from 'node:crypto'
import t from 'tap'
import type { RouterEffect } from '../../../src/router/events.ts'
import { saidTo } from '../router-world.ts'
import { InboxWorld, runsIn } from './inbox-world.ts'

function keyOf(id: string, content = ''): Buffer {
  const id12 = createHash('sha256').update(id).digest().subarray(0, 12)
  return Buffer.concat([id12, createHash('sha256').update(content).digest().subarray(0, 4)])
}

function send(world: InboxWorld, ids: readonly string[], callbackIds: readonly string[], content = ''): RouterEffect[] {
  return world.step({
    kind: 'relay',
    connection: 1,
    to: 'bob',
    count: ids.length,
    callbackIds,
    keys: Buffer.concat(ids.map((id) => keyOf(id, content))),
    frames: Buffer.from(ids.map((id) => `\u0002{"id":"${id}"}\u0003`).join('')),
  })
}

t.test('what is sent again has the first answer again, and other content is id_reused', async (t) => {
  const world = new InboxWorld()
  world.login(1, 'ann')
  send(world, ['a'], ['c1'])
  world.stored(runsIn(world.found('bob')))
  const again = send(world, ['a'], ['c2'])
  t.strictSame(runsIn(again), [])
  t.match(saidTo(again, 1), [
    { callbackId: 'c2', content: { Data: { Status: 'stored', MsgId: /^e1-1-/, Duplicate: true } } },
  ])
  t.match(saidTo(send(world, ['a'], ['c3'], 'other'), 1), [{ callbackId: 'c3', content: { Code: 'id_reused' } }])
})

t.test('what is sent again before its first answer gets it when it comes', async (t) => {
  const world = new InboxWorld()
  world.login(1, 'ann')
  world.acknowledging(2, 'bob')
  send(world, ['a'], ['c1'])
  t.strictSame(saidTo(send(world, ['a'], ['c2']), 1), [])
  t.match(saidTo(world.acknowledge(2, { epoch: 1, seq: 1 }), 1), [
    { callbackId: 'c2', content: { Data: { Duplicate: true } } },
    { callbackId: 'c1', content: { Data: { Status: 'delivered', Duplicate: undefined } } },
  ])
})

t.test('repeats are taken out of a run, also those within it', async (t) => {
  const world = new InboxWorld()
  world.login(1, 'ann')
  world.relay(1, 'bob')
  world.stored(runsIn(world.found('bob')))
  send(world, ['b'], ['c0'])
  const runs = runsIn(send(world, ['a', 'b', 'c', 'c', 'd'], ['c1', 'c2', 'c3', 'c4', 'c5']))
  t.strictSame(
    runs.map(({ seq, frames }) => [seq, Buffer.from(frames).toString()]),
    [
      [3, '\u0002{"id":"a"}\u0003'],
      [4, '\u0002{"id":"c"}\u0003'],
      [5, '\u0002{"id":"d"}\u0003'],
    ],
  )
})

t.test('what was refused may be sent again', async (t) => {
  const world = new InboxWorld()
  world.login(1, 'ann')
  send(world, ['a'], ['c1'])
  world.stored(runsIn(world.found('bob')), { from: 0, code: 'inbox_full' })
  t.equal(runsIn(send(world, ['a'], ['c2'])).length, 1)
})

t.test('to a client that does not acknowledge it is the same', async (t) => {
  const world = new InboxWorld()
  world.login(1, 'ann')
  world.login(2, 'bob')
  send(world, ['a'], ['c1'])
  const [receipt = 0] = world.state.receipts.keys()
  t.strictSame(saidTo(send(world, ['a'], ['c2']), 1), [])
  t.match(saidTo(world.written([receipt]), 1), [
    { callbackId: 'c1' },
    { callbackId: 'c2', content: { Data: { Status: 'sent', Duplicate: true } } },
  ])
})

/** The store is gone for so long that the sender hears of a failure, and sends again. */
function givenUp(): { world: InboxWorld; runs: ReturnType<typeof runsIn> } {
  const world = new InboxWorld()
  world.login(1, 'ann')
  world.acknowledging(2, 'bob')
  world.step({ kind: 'closed', connection: 2 })
  world.step({ kind: 'storeChanged', isDown: true })
  const runs = runsIn(send(world, ['a'], ['c1']))
  t.match(saidTo(world.later(2100), 1), [{ callbackId: 'c1', content: { Code: 'storage_failed' } }])
  t.strictSame(saidTo(send(world, ['a'], ['c2']), 1), [])
  return { world, runs }
}

t.test('what was given up and is stored after all is told to who sent it again', async (t) => {
  const { world, runs } = givenUp()
  t.match(saidTo(world.stored(runs), 1), [
    { callbackId: 'c2', content: { Data: { Status: 'stored', Duplicate: true } } },
  ])
  t.match(saidTo(send(world, ['a'], ['c3']), 1), [{ callbackId: 'c3', content: { Data: { Status: 'stored' } } }])
})

t.test('what was given up and is refused after all is told, and may be sent again', async (t) => {
  const { world, runs } = givenUp()
  t.match(saidTo(world.stored(runs, { from: 0, code: 'storage_full' }), 1), [
    { callbackId: 'c2', content: { Code: 'storage_full' } },
  ])
  t.equal(runsIn(send(world, ['a'], ['c3'])).length, 1)
})

t.test('with an id and without a question there is nothing to be said', async (t) => {
  const world = new InboxWorld()
  world.login(1, 'ann')
  world.login(2, 'bob')
  const effects = send(world, ['a'], [])
  const [receipt = 0] = world.state.receipts.keys()
  t.ok(receipt > 0, 'its write is waited for')
  t.match(
    effects.filter(({ kind }) => kind === 'send'),
    [{ connection: 2 }],
  )
  t.strictSame(world.written([receipt]), [], 'an empty piece of frames would end a sealed session')
})
