import t from 'tap'
import { isOverdue } from '../../../src/router/inbox/outcomes.ts'
import { saidTo } from '../router-world.ts'
import { givenTo, InboxWorld, runsIn } from './inbox-world.ts'

function away(): { world: InboxWorld; run: () => ReturnType<typeof runsIn> } {
  const world = new InboxWorld()
  world.login(1, 'ann')
  world.relay(1, 'bob')
  world.stored(runsIn(world.found('bob')))
  return { world, run: () => runsIn(world.relay(1, 'bob', 'c')) }
}

t.test('a full inbox is told, and its number goes to the next message', async (t) => {
  const { world, run } = away()
  const refused = run()
  t.match(refused, [{ seq: 2 }])
  t.match(saidTo(world.stored(refused, { from: 0, code: 'inbox_full' }), 1), [{ content: { Code: 'inbox_full' } }])
  t.match(run(), [{ seq: 2 }], 'no hole')
})

t.test('what may lie on the disk keeps its number', async (t) => {
  const { world, run } = away()
  t.match(saidTo(world.stored(run(), { from: 0, code: 'storage_failed' }), 1), [
    { content: { Code: 'storage_failed' } },
  ])
  t.match(run(), [{ seq: 3 }])
})

t.test('without a store senders hear so in time, and what is stored after all is no false answer', async (t) => {
  const { world, run } = away()
  world.step({ kind: 'storeChanged', isDown: true })
  const runs = run()
  const [entry] = world.recipient('bob').window.entries
  t.equal(entry && isOverdue({ state: world.state, now: world.now, effects: [] }, entry), false)
  t.strictSame(saidTo(world.later(1900), 1), [])
  t.match(saidTo(world.later(200), 1), [{ content: { Code: 'storage_failed' } }])
  t.strictSame(saidTo(world.stored(runs), 1), [], 'there is one answer')
  t.equal(world.state.inbox.storingBytes, 0)
})

t.test('what only one device has is missing for the others, and they are told', async (t) => {
  const world = new InboxWorld({ sessionPolicy: 'multi' })
  world.login(1, 'ann')
  world.acknowledging(2, 'bob', { devices: ['phone', 'desk'] })
  const effects = world.relay(1, 'bob', 'c1')
  t.strictSame(givenTo(effects, 2), [1])
  world.stored(runsIn(effects), { from: 0, code: 'storage_full' })
  const acknowledged = world.acknowledge(2, { epoch: 1, seq: 1 })
  t.match(saidTo(acknowledged, 1), [{ content: { Data: { Status: 'delivered' } } }])
  const noted = acknowledged.filter(({ kind }) => kind === 'noteAcknowledged' || kind === 'noteMissed')
  t.match(
    noted.slice(0, 2),
    [
      { kind: 'noteAcknowledged', acknowledgement: { user: 'bob', device: 'phone', epoch: 1, seq: 1 } },
      { kind: 'noteMissed', user: 'bob', epoch: 1, seq: 1 },
    ],
    'the store is told, who has it first',
  )
  const login = world.acknowledging(3, 'bob', { devices: ['phone', 'desk'] }, 'desk')
  t.match(saidTo(login, 3), [{ content: { Recovered: false } }])
})
