import t from 'tap'
import { dropHeld, hasRoomFor, hold, takeHeld } from '../../src/router/held.ts'
import { sessionOf } from '../../src/router/state.ts'
import { RouterWorld } from './router-world.ts'

function run(byteCount: number) {
  const frames = Buffer.alloc(byteCount)
  return { kind: 'relay', connection: 1, to: 'bob', count: 1, callbackIds: [], frames } as const
}

t.test('what waits is counted in bytes, and comes out in order when it is decided', async (t) => {
  const world = new RouterWorld({ heldBytesMax: 100 })
  world.login(1, 'ann')
  const session = sessionOf(world.state, 1)
  if (session === undefined) throw new Error('the login failed')
  const step = { state: world.state, now: 0, effects: [] }
  t.equal(takeHeld(step, session), undefined)
  const first = hold(step, session, run(60), 'checking')
  hold(step, session, run(30), 'unsigned')
  t.equal(takeHeld(step, session), undefined, 'the first is not decided')
  t.ok(hasRoomFor(step, run(10)))
  t.notOk(hasRoomFor(step, run(11)))
  first.state = { verdicts: undefined }
  t.equal(takeHeld(step, session), first)
  t.equal(world.state.heldBytes, 30)
  t.match(takeHeld(step, session), { state: 'unsigned' })
  hold(step, session, run(5), 'checking')
  dropHeld(step, session)
  t.equal(world.state.heldBytes, 0)
  t.equal(takeHeld(step, session), undefined)
})
