import t from 'tap'
import { accepted, ofKind, saidTo } from '../router-world.ts'
import { InboxWorld, runsIn } from './inbox-world.ts'

t.test('a login without Ack of a user with nothing asks nobody', async (t) => {
  const world = new InboxWorld()
  t.strictSame(ofKind(world.login(1, 'ann'), 'openInbox'), [])
  world.step({ kind: 'inboxesKnown', users: ['bob'] })
  t.equal(ofKind(world.login(2, 'bob'), 'openInbox').length, 1)
  t.match(saidTo(world.opened(2, 'bob', { devices: [] }), 2), [{ type: 'AuthResponse', content: { Success: true } }])
  t.notOk(world.state.inbox.known.has('bob'), 'nothing is known of bob any more')
})

t.test('the answer says where the device goes on, and whether anything is missing', async (t) => {
  const world = new InboxWorld()
  const cursor = { epoch: 1, seq: 4 }
  const effects = world.acknowledging(2, 'bob', { cursor, recovered: false, missing: 2 })
  t.match(saidTo(effects, 2), [{ content: { Recovered: false, Epoch: 'e1', Seq: 4, Missing: 2 } }])
})

t.test('a place that was never given counts for nothing, and is answered so', async (t) => {
  for (const Resume of [
    { Epoch: 'e2', Seq: 1 },
    { Epoch: 'e1', Seq: 7 },
    { Epoch: 'x', Seq: 1 },
  ]) {
    const world = new InboxWorld()
    world.authenticate(1, { UserId: 'bob', Password: 'p', Ack: true, Resume })
    const [asked] = ofKind(world.verdict(1, accepted('bob')), 'openInbox')
    t.equal(asked?.take.resume, undefined)
    t.match(saidTo(world.opened(1, 'bob', {}), 1), [{ content: { Recovered: false, Missing: undefined } }])
  }
})

t.test('without a store there is no login that could miss something', async (t) => {
  const world = new InboxWorld()
  world.authenticate(1, { UserId: 'bob', Password: 'p', Ack: true })
  world.verdict(1, accepted('bob'))
  t.match(saidTo(world.opened(1, 'bob', undefined), 1), [{ content: { Success: false, Code: 'storage_failed' } }])
  t.equal(world.state.users.size, 0)
})

t.test('what waited to hear whether there is such a user is stored when that one logs in', async (t) => {
  const world = new InboxWorld()
  world.login(1, 'ann')
  world.relay(1, 'bob', 'c1')
  world.authenticate(2, { UserId: 'bob', Password: 'p', Ack: true })
  t.match(runsIn(world.verdict(2, accepted('bob'))), [{ user: 'bob', seq: 1 }])
  t.equal(world.state.pendingLookups, 0)
})

t.test('a client that goes while the store is asked leaves nothing behind', async (t) => {
  const world = new InboxWorld()
  world.authenticate(2, { UserId: 'bob', Password: 'p', Ack: true })
  world.verdict(2, accepted('bob'))
  world.closed(2)
  t.strictSame(saidTo(world.opened(2, 'bob', {}), 2), [])
  t.equal(world.recipient('bob').openings, 0)
})
