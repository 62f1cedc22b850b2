import t from 'tap'
import { isRecipient } from '../../../src/router/inbox/accept.ts'
import { ofKind, receiptsIn, saidTo } from '../router-world.ts'
import { givenTo, InboxWorld, runsIn } from './inbox-world.ts'

t.test('who acknowledges gets numbers without gaps, and nothing goes to the disk', async (t) => {
  const world = new InboxWorld()
  world.login(1, 'ann')
  world.acknowledging(2, 'bob')
  t.ok(isRecipient({ state: world.state, now: 0, effects: [] }, 'bob'))
  const effects = [...world.relay(1, 'bob', 'c1'), ...world.relay(1, 'bob', 'c2')]
  t.strictSame(givenTo(effects, 2), [1, 2])
  t.strictSame(runsIn(effects), [])
  const answers = saidTo(world.acknowledge(2, { epoch: 1, seq: 2 }), 1)
  t.match(answers, [
    { callbackId: 'c1', content: { Data: { Status: 'delivered', MsgId: /^e1-1-/ } } },
    { callbackId: 'c2', content: { Data: { Status: 'delivered', MsgId: /^e1-2-/ } } },
  ])
  t.equal(world.state.inbox.unanswered, 0)
})

t.test('for who is away it is stored when it is known that there is such a user', async (t) => {
  const world = new InboxWorld()
  world.login(1, 'ann')
  t.strictSame(world.relay(1, 'bob', 'c1'), [{ kind: 'findUser', userId: 'bob' }])
  const runs = runsIn(world.found('bob'))
  t.match(runs, [{ user: 'bob', epoch: 1, seq: 1, count: 1 }])
  t.match(saidTo(world.stored(runs), 1), [{ callbackId: 'c1', content: { Data: { Status: 'stored' } } }])
  t.match(runsIn(world.relay(1, 'bob', 'c2')), [{ seq: 2 }], 'the second costs no look-up')
})

t.test('for a user that there is not nothing is kept', async (t) => {
  const world = new InboxWorld()
  world.login(1, 'ann')
  world.relay(1, 'bob', 'c1')
  const answers = saidTo(world.step({ kind: 'userFound', userId: 'bob', found: 'unknown' }), 1)
  t.match(answers, [{ content: { Code: 'user_unknown' } }])
  t.equal(world.state.inbox.recipients.size, 0)
  t.equal(world.state.inbox.windowBytes, 0)
})

t.test('who sent it again while it was not known whether there is such a user is answered too', async (t) => {
  const world = new InboxWorld()
  world.login(1, 'ann')
  const keys = Buffer.alloc(16, 7)
  const frames = Buffer.from('\u0002{"a":1}\u0003')
  const run = { kind: 'relay', to: 'bob', count: 1, isVolatile: false, keys, frames } as const
  world.step({ ...run, connection: 1, callbackIds: ['c1'] })
  world.step({ kind: 'closed', connection: 1 })
  world.login(2, 'ann')
  world.step({ ...run, connection: 2, callbackIds: ['c2'] })
  t.match(saidTo(world.step({ kind: 'userFound', userId: 'bob', found: 'unknown' }), 2), [
    { callbackId: 'c2', content: { Code: 'user_unknown' } },
  ])
})

t.test('too much on the way to the disk is server_busy', async (t) => {
  const world = new InboxWorld()
  world.login(1, 'ann')
  world.relay(1, 'bob')
  world.found('bob')
  world.relay(1, 'bob', undefined, 'x'.repeat(99_992))
  t.match(saidTo(world.relay(1, 'bob', 'c1'), 1), [{ content: { Code: 'server_busy' } }])
})

t.test(
  'beside a device that is away, a client that does not acknowledge gets messages at once, and they are stored',
  async (t) => {
    const world = new InboxWorld({ sessionPolicy: 'multi' })
    world.login(1, 'ann')
    world.step({ kind: 'inboxesKnown', users: ['bob'] })
    world.login(2, 'bob')
    world.opened(2, 'bob', {})
    const effects = world.relay(1, 'bob', 'c1')
    const runs = runsIn(effects)
    t.equal(runs.length, 1)
    const [written] = receiptsIn(effects)
    t.equal(written?.connection, 2)
    t.strictSame(saidTo(world.stored(runs, { from: 0, code: 'inbox_full' }), 1), [], 'it may still be sent')
    t.match(saidTo(world.written([written?.receipt ?? 0]), 1), [{ content: { Data: { Status: 'sent' } } }])
    t.strictSame(ofKind(effects, 'noteWritten'), [])
  },
)
