import t from 'tap'
import { Counters } from '../../src/acceptor/counters.ts'
import { Doorkeeper } from '../../src/acceptor/doorkeeper.ts'
import type { ListenerEvents } from '../../src/acceptor/listeners.ts'
import { acceptorLimitsForTests } from './acceptor-world.ts'
import { bodiesIn, delimiters } from './fakes.ts'

type Peer = Parameters<ListenerEvents['connected']>[0]

/** A door with room for two, at which one may be told why not at a time; and what it did. */
function world(): {
  readonly door: Doorkeeper
  readonly peer: Peer
  readonly did: string[]
  readonly counters: Counters
} {
  const did: string[] = []
  const counters = new Counters()
  const limits = { ...acceptorLimitsForTests, connectionsMax: 2, refusingMax: 1, lingerMs: 1 }
  const door = new Doorkeeper({ delimiters, limits }, counters, {
    event: (event) => did.push(event.name === 'refused' ? `event ${event.reason}` : event.name),
  })
  const peer: Peer = {
    address: '192.0.2.1',
    make: () => {
      throw new Error('nobody makes a channel here')
    },
    refuse: (frame) => {
      const [body] = frame === undefined ? [] : bodiesIn(frame)
      did.push(body === undefined ? 'cut' : `told ${JSON.parse(String(body['Content'])).Code}`)
    },
  }
  return { door, peer, did, counters }
}

t.test('peers are let in up to the limit; above it one is told why, and the others are cut', async (t) => {
  const { door, peer, did, counters } = world()
  t.equal(door.admit(peer, true), '192.0.2.1')
  t.equal(door.admit(peer, true), '192.0.2.1')
  t.equal(door.admit(peer, true), undefined)
  t.equal(door.admit(peer, true), undefined)
  t.strictSame(did, ['event server_busy', 'told server_busy', 'event server_busy', 'cut'])
  t.equal(door.connections(), 2)
  t.equal(counters.acceptedTotal, 4)
  door.leave('192.0.2.1')
  t.equal(door.admit(peer, true), '192.0.2.1')
})

t.test('a server that stops lets nobody in', async (t) => {
  const { door, peer, did } = world()
  t.equal(door.admit(peer, false), undefined)
  t.strictSame(did, ['event server_draining', 'told server_draining'])
  t.equal(door.connections(), 0)
})

t.test('a socket that may become a WebSocket holds a place; above the limit a few may ask', async (t) => {
  const { door } = world()
  const first = door.opened('192.0.2.1')
  t.type(door.opened('192.0.2.1'), 'function')
  const above = door.opened('192.0.2.1')
  t.type(above, 'function', 'in order to be told')
  t.equal(door.opened('192.0.2.1'), undefined)
  above?.()
  t.type(door.opened('192.0.2.1'), 'function')
  t.equal(door.connections(), 2)
  first?.()
  t.equal(door.connections(), 1)
})
