import t from 'tap'
import { acceptorOf, createRouterState, sessionOf } from '../../src/router/state.ts'
import { RouterWorld, routerOptions } from './router-world.ts'

t.test('a new router knows nobody', (t) => {
  const state = createRouterState(routerOptions)
  t.match(state, { sessions: 0, watchers: 0, pendingLookups: 0, nextReceipt: 1 })
  t.equal(state.peers.size + state.users.size + state.names.size + state.receipts.size + state.lookups.size, 0)
  t.end()
})

t.test('the upper bits of a connection name its acceptor', (t) => {
  t.equal(acceptorOf(1), 0)
  t.equal(acceptorOf(2 ** 28 - 1), 0)
  t.equal(acceptorOf(2 ** 28 + 1), 1)
  t.equal(acceptorOf(15 * 2 ** 28 + 5), 15)
  t.end()
})

t.test('a connection whose login is being checked is no session', (t) => {
  const world = new RouterWorld()
  world.authenticate(1, { UserId: 'ann', Password: 'x' })
  t.equal(sessionOf(world.state, 1), undefined)
  world.login(2, 'bob')
  t.equal(sessionOf(world.state, 2)?.user, 'bob')
  t.equal(sessionOf(world.state, 3), undefined)
  t.end()
})
