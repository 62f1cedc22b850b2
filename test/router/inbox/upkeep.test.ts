import t from 'tap'
import { saidTo } from '../router-world.ts'
import { InboxWorld, runsIn } from './inbox-world.ts'

t.test('a message that nobody acknowledges in time is stored, then answered', async (t) => {
  const world = new InboxWorld()
  world.login(1, 'ann')
  world.acknowledging(2, 'bob')
  world.relay(1, 'bob', 'c1')
  t.strictSame(runsIn(world.later(1900)), [])
  const runs = runsIn(world.later(100))
  t.match(runs, [{ seq: 1 }])
  t.match(saidTo(world.stored(runs), 1), [{ content: { Data: { Status: 'stored' } } }])
})

t.test('a stop waits for no acknowledgement', async (t) => {
  const world = new InboxWorld()
  world.login(1, 'ann')
  world.acknowledging(2, 'bob')
  world.relay(1, 'bob', 'c1')
  t.match(runsIn(world.step({ kind: 'quiesced' })), [{ seq: 1 }])
})

t.test('at a stop what the disk refuses is answered, although somebody might still acknowledge it', async (t) => {
  const world = new InboxWorld()
  world.login(1, 'ann')
  world.acknowledging(2, 'bob')
  world.relay(1, 'bob', 'c1')
  const runs = runsIn(world.step({ kind: 'quiesced' }))
  t.match(saidTo(world.stored(runs, { from: 0, code: 'storage_failed' }), 1), [{ content: { Code: 'storage_failed' } }])
})

t.test(
  'at a stop whoever waits for a store that does not answer is told so, also of a user of whom nothing is known',
  async (t) => {
    const world = new InboxWorld()
    world.login(1, 'ann')
    world.acknowledging(2, 'bob')
    world.relay(1, 'bob', 'c1')
    world.relay(1, 'cat', 'c2')
    world.step({ kind: 'quiesced' })
    const told = saidTo(world.step({ kind: 'storeGivenUp' }), 1)
    t.match(
      told.map(({ callbackId, content }) => [callbackId, content['Code']]),
      [
        ['c1', 'storage_failed'],
        ['c2', 'storage_failed'],
      ],
    )
    t.equal(world.state.inbox.unanswered, 0)
  },
)

t.test('who is away and has nothing under way is kept in mind for a while, by number only', async (t) => {
  const world = new InboxWorld()
  world.login(1, 'ann')
  for (const user of ['bob', 'cat', 'dan']) {
    world.relay(1, user)
    world.stored(runsIn(world.found(user)))
  }
  world.later(100)
  t.strictSame([...world.state.inbox.recipients.keys()], ['cat', 'dan'], 'two at most')
  t.equal(world.state.inbox.lastSeqs.get('bob'), 1)
  world.relay(1, 'bob')
  t.match(runsIn(world.found('bob')), [{ seq: 2 }])
})

t.test('of a changed account nothing is taken for granted', async (t) => {
  const world = new InboxWorld()
  world.login(1, 'ann')
  world.relay(1, 'bob')
  world.stored(runsIn(world.found('bob')))
  world.step({ kind: 'accountChanged', userId: 'bob', isRemoved: false })
  t.match(world.relay(1, 'bob'), [{ kind: 'findUser', userId: 'bob' }])
})
