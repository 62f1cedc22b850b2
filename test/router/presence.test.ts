import t from 'tap'
import { RouterWorld } from './router-world.ts'

function watched(options: { presenceBatchMax?: number } = {}): RouterWorld {
  const world = new RouterWorld({ sessionPolicy: 'multi', ...options })
  world.login(1, 'ann')
  world.request(1, 'CommonRequest', { Command: 'presence' })
  world.tick()
  return world
}

t.test('those who watch are told who comes and goes', (t) => {
  const world = watched()
  world.login(2, 'bob')
  t.match(world.tick(), [{ type: 'PresenceEvent', content: { UserId: 'bob', Online: true } }])
  t.strictSame(world.tick(), [])
  world.closed(2)
  t.match(world.tick(), [{ content: { UserId: 'bob', Online: false } }])
  t.end()
})

t.test('who comes and goes within a turn is not told of, nor who goes and comes', (t) => {
  const world = watched()
  world.login(2, 'bob')
  world.closed(2)
  t.strictSame(world.tick(), [])
  world.login(2, 'bob')
  world.tick()
  world.closed(2)
  world.login(3, 'bob')
  t.strictSame(world.tick(), [])
  t.equal(world.state.presenceChanges.size, 0)
  t.end()
})

t.test('a watcher who looked in between is told, also when all is as before', (t) => {
  const world = watched()
  world.login(2, 'bob')
  world.request(1, 'UserListRequest', {})
  world.closed(2)
  t.match(world.tick(), [{ content: { UserId: 'bob', Online: false } }])
  t.end()
})

t.test('a second device is no news, and the last one that goes is', (t) => {
  const world = watched()
  world.login(2, 'bob')
  world.tick()
  world.login(3, 'bob')
  world.closed(2)
  t.strictSame(world.tick(), [])
  world.closed(3)
  t.match(world.tick(), [{ content: { UserId: 'bob', Online: false } }])
  t.end()
})

t.test('when nobody watches nothing is kept', (t) => {
  const world = new RouterWorld()
  world.login(1, 'ann')
  t.strictSame(world.tick(), [])
  t.equal(world.state.presenceChanges.size, 0)
  t.end()
})

t.test('the last watcher that goes is counted out, by its end or by its wish', (t) => {
  const world = watched()
  t.equal(world.state.watchers, 1)
  world.request(1, 'CommonRequest', { Command: 'presence', Data: { On: false } })
  t.equal(world.state.watchers, 0)
  world.request(1, 'CommonRequest', { Command: 'presence', Data: {} })
  world.request(1, 'CommonRequest', { Command: 'presence', Data: { On: true } })
  t.equal(world.state.watchers, 1)
  world.closed(1)
  t.equal(world.state.watchers, 0)
  t.end()
})

t.test('more events than one turn takes are told in the next', (t) => {
  const world = watched({ presenceBatchMax: 2 })
  for (const [index, name] of ['b', 'c', 'd'].entries()) world.login(index + 2, name)
  const told = [world.tick(), world.tick(), world.tick()].map((events) =>
    events.map(({ content }) => content['UserId']),
  )
  t.strictSame(told, [['b', 'c'], ['d'], []])
  t.end()
})
