import t from 'tap'
import { ofKind, RouterWorld, receiptsIn, saidTo } from './router-world.ts'

t.test('a run goes to its receiver untouched, and without a CallbackID nobody waits for anything', (t) => {
  const world = new RouterWorld()
  world.login(1, 'ann')
  world.login(2, 'bob')
  const frames = Buffer.from('\u0002{"a":1}\u0003\u0002{"b":2}\u0003')
  const effects = world.step({ kind: 'relay', connection: 1, to: 'bob', callbackIds: [], count: 2, frames })
  t.strictSame(effects, [
    { kind: 'send', connection: 2, message: { kind: 'deliver', connection: 2, receipt: 0, frames } },
  ])
  t.equal(world.state.receipts.size, 0)
  t.end()
})

t.test('a sender who asks hears `sent` when the write has completed', (t) => {
  const world = new RouterWorld()
  world.login(1, 'ann')
  world.login(2, 'bob')
  const [receipt] = receiptsIn(world.relay(1, 'bob', 'c1'))
  t.equal(receipt?.connection, 2)
  const effects = world.written([receipt?.receipt ?? 0])
  t.strictSame(saidTo(effects, 1), [
    { type: 'CommonResponse', callbackId: 'c1', content: { Success: true, Data: { Status: 'sent' } } },
  ])
  t.equal(world.state.receipts.size, 0)
  t.strictSame(world.written([receipt?.receipt ?? 0]), [], 'a receipt counts once')
  t.end()
})

t.test('a write that fails is answered user_offline', (t) => {
  const world = new RouterWorld()
  world.login(1, 'ann')
  world.login(2, 'bob')
  const receipts = receiptsIn(world.relay(1, 'bob', 'c1')).map(({ receipt }) => receipt)
  t.match(saidTo(world.written(receipts, false), 1), [
    {
      type: 'CommonResponse',
      callbackId: 'c1',
      content: { Success: false, Code: 'user_offline', Data: { Status: 'rejected' } },
    },
  ])
  t.end()
})

t.test('of several devices the first write that completes is the answer', (t) => {
  const world = new RouterWorld({ sessionPolicy: 'multi' })
  world.login(1, 'ann')
  world.login(2, 'bob')
  world.login(3, 'bob')
  const [first, second] = receiptsIn(world.relay(1, 'bob', 'c1')).map(({ receipt }) => receipt)
  t.strictSame(world.written([first ?? 0], false), [], 'one device has failed, the other may still get it')
  t.match(saidTo(world.written([second ?? 0]), 1), [{ content: { Data: { Status: 'sent' } } }])
  const [third, fourth] = receiptsIn(world.relay(1, 'bob', 'c2')).map(({ receipt }) => receipt)
  t.equal(saidTo(world.written([fourth ?? 0]), 1).length, 1)
  t.strictSame(world.written([third ?? 0]), [], 'the second is no second answer')
  t.end()
})

t.test('when the writes to all devices fail there is one answer, user_offline', (t) => {
  const world = new RouterWorld({ sessionPolicy: 'multi' })
  world.login(1, 'ann')
  world.login(2, 'bob')
  world.login(3, 'bob')
  const receipts = receiptsIn(world.relay(1, 'bob', 'c1')).map(({ receipt }) => receipt)
  const answers = saidTo(world.written(receipts, false), 1)
  t.match(answers, [{ content: { Code: 'user_offline' } }])
  t.equal(answers.length, 1)
  t.end()
})

t.test('messages to the own user go to the own devices', (t) => {
  const world = new RouterWorld({ sessionPolicy: 'multi' })
  world.login(1, 'ann')
  world.login(2, 'ann')
  t.strictSame(
    ofKind(world.relay(1, 'ann'), 'send').map(({ connection }) => connection),
    [1, 2],
  )
  t.end()
})

t.test('an absent user is looked up once for all who wait', (t) => {
  const world = new RouterWorld()
  world.login(1, 'ann')
  world.login(2, 'bob')
  t.strictSame(world.relay(1, 'cid', 'c1'), [{ kind: 'findUser', userId: 'cid' }])
  t.strictSame(world.relay(2, 'cid', 'c2'), [])
  t.equal(world.state.pendingLookups, 2)
  const effects = world.step({ kind: 'userFound', userId: 'cid', found: 'exists' })
  t.match(ofKind(effects, 'append'), [{ run: { user: 'cid', seq: 1 } }, { run: { user: 'cid', seq: 2 } }])
  t.equal(world.state.pendingLookups, 0)
  t.equal(world.state.lookups.size, 0)
  t.end()
})

t.test('what the store finds decides the code', (t) => {
  for (const [found, code] of [
    ['unknown', 'user_unknown'],
    ['server_busy', 'server_busy'],
    ['storage_failed', 'storage_failed'],
  ] as const) {
    const world = new RouterWorld()
    world.login(1, 'ann')
    world.relay(1, 'cid', 'c1')
    t.match(saidTo(world.step({ kind: 'userFound', userId: 'cid', found }), 1), [
      { type: 'CommonResponse', callbackId: 'c1', content: { Code: code } },
    ])
  }
  t.end()
})

t.test('a sender who asked for no answer is told of a rejection all the same, with the receiver and the count', (t) => {
  const world = new RouterWorld()
  world.login(1, 'ann')
  const frames = Buffer.from('\u0002{}\u0003\u0002{}\u0003')
  world.step({ kind: 'relay', connection: 1, to: 'cid', callbackIds: [], count: 2, frames })
  t.match(saidTo(world.step({ kind: 'userFound', userId: 'cid', found: 'unknown' }), 1), [
    {
      type: 'ErrorResponse',
      callbackId: undefined,
      content: { Code: 'user_unknown', Detail: { ToUserId: 'cid', Count: 2 } },
    },
  ])
  t.end()
})

t.test('lookups are bounded: more are server_busy', (t) => {
  const world = new RouterWorld({ pendingLookupsMax: 2 })
  world.login(1, 'ann')
  world.relay(1, 'cid', 'c1')
  world.relay(1, 'cid', 'c2')
  t.match(saidTo(world.relay(1, 'dan', 'c3'), 1), [{ callbackId: 'c3', content: { Code: 'server_busy' } }])
  t.equal(world.state.pendingLookups, 2)
  t.end()
})

t.test('receipts are bounded: a message that needs more is server_busy and not delivered', (t) => {
  const world = new RouterWorld({ pendingReceiptsMax: 1 })
  world.login(1, 'ann')
  world.login(2, 'bob')
  t.equal(receiptsIn(world.relay(1, 'bob', 'c1')).length, 1)
  const effects = world.relay(1, 'bob', 'c2')
  t.equal(receiptsIn(effects).length, 0)
  t.match(saidTo(effects, 1), [{ callbackId: 'c2', content: { Code: 'server_busy' } }])
  t.match(saidTo(effects, 2), [])
  t.end()
})

t.test('receipt numbers go on with 1 after the greatest: 0 means that none is wanted', (t) => {
  const world = new RouterWorld()
  world.login(1, 'ann')
  world.login(2, 'bob')
  world.state.nextReceipt = 0xffff_ffff
  t.equal(receiptsIn(world.relay(1, 'bob', 'c1'))[0]?.receipt, 0xffff_ffff)
  t.equal(receiptsIn(world.relay(1, 'bob', 'c2'))[0]?.receipt, 1)
  t.match(saidTo(world.written([0xffff_ffff]), 1), [{ callbackId: 'c1' }])
  t.match(saidTo(world.written([1]), 1), [{ callbackId: 'c2' }])
  t.end()
})

t.test('what a session sent that has ended does not count', (t) => {
  const world = new RouterWorld()
  world.login(1, 'ann')
  world.login(2, 'bob')
  world.closed(1)
  t.strictSame(world.relay(1, 'bob', 'c1'), [])
  t.strictSame(world.request(1, 'UserListRequest', {}, 'c2'), [])
  t.end()
})

t.test('when an acceptor is lost, writes that it had under way are answered, and those of others go on', (t) => {
  const other = 2 ** 28 + 1
  const world = new RouterWorld()
  world.login(1, 'ann')
  world.login(2, 'bob')
  world.login(other, 'cid')
  world.relay(other, 'bob', 'c1')
  const [kept] = receiptsIn(world.relay(other, 'cid', 'c2'))
  const effects = world.step({ kind: 'acceptorLost', acceptor: 0 })
  t.match(saidTo(effects, other), [{ callbackId: 'c1', content: { Code: 'user_offline' } }])
  t.strictSame([...world.state.receipts.keys()], [kept?.receipt])
  t.end()
})
