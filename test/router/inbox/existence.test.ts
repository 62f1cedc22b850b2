import t from 'tap'
import { proveExistence } from '../../../src/router/inbox/existence.ts'
import { InboxWorld } from './inbox-world.ts'

t.test('those who waited to hear of a user are counted until then', async (t) => {
  const world = new InboxWorld()
  world.login(1, 'ann')
  world.relay(1, 'bob')
  world.relay(1, 'bob')
  t.equal(world.state.pendingLookups, 2)
  const step = { state: world.state, now: 0, effects: [] }
  proveExistence(step, world.recipient('bob'))
  proveExistence(step, world.recipient('bob'))
  t.equal(world.state.pendingLookups, 0)
})
