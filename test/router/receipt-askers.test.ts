import t from 'tap'
import { accepted, ofKind, RouterWorld } from './router-world.ts'

/** Logs in, and gives what the store is told of it. */
function login(world: RouterWorld, connection: number, user: string, fields: object = { Receipts: true }): unknown[] {
  world.authenticate(connection, { UserId: user, Token: 't', ...fields })
  return ofKind(world.verdict(connection, accepted(user)), 'noteReceiptAsker').map(({ user, askedAt }) => [
    user,
    askedAt,
  ])
}

t.test('who asks for receipts is told to the store, once a day', async (t) => {
  const world = new RouterWorld()
  const begun = world.now
  t.strictSame(login(world, 1, 'ann'), [['ann', begun]])
  world.now += 86_399_999
  t.strictSame(login(world, 2, 'ann'), [])
  world.now += 1
  t.strictSame(login(world, 3, 'ann'), [['ann', world.now]])
})

t.test('a login that says nothing of receipts changes nothing, and one that wants none ends them', async (t) => {
  const world = new RouterWorld()
  t.strictSame(login(world, 1, 'ann', { Receipts: false }), [], 'nobody had asked')
  login(world, 2, 'ann')
  t.strictSame(login(world, 3, 'ann', {}), [])
  t.ok(world.state.receiptAskers.has('ann'))
  t.strictSame(login(world, 4, 'ann', { Receipts: false }), [['ann', undefined]])
  t.notOk(world.state.receiptAskers.has('ann'))
})

t.test('beyond the limit whoever asked longest ago is forgotten, here and in the store', async (t) => {
  const world = new RouterWorld()
  const { now } = world
  login(world, 1, 'ann')
  login(world, 2, 'bob')
  login(world, 3, 'ann')
  t.strictSame(login(world, 4, 'cat'), [
    ['cat', now],
    ['bob', undefined],
  ])
  t.strictSame([...world.state.receiptAskers.keys()], ['ann', 'cat'])
})

t.test('those of before the restart are known, but for those of accounts that were removed', async (t) => {
  const world = new RouterWorld()
  const askers = ['ann', 'bob', 'cat'].map((user, index) => ({ user, askedAt: world.now - 3 + index }))
  t.strictSame(world.step({ kind: 'receiptAskersKnown', askers }), [
    { kind: 'noteReceiptAsker', user: 'ann', askedAt: undefined },
  ])
  t.strictSame(login(world, 1, 'cat'), [], 'the store knows it')
  world.step({ kind: 'accountChanged', userId: 'cat', isRemoved: false })
  t.ok(world.state.receiptAskers.has('cat'))
  world.step({ kind: 'accountChanged', userId: 'cat', isRemoved: true })
  t.strictSame([...world.state.receiptAskers.keys()], ['bob'])
})
