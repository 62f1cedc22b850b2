import t from 'tap'
import { ofKind, saidTo } from '../router-world.ts'
import { givenTo, InboxWorld, runsIn } from './inbox-world.ts'

t.test('runs go to the store in their order: all before one go first', async (t) => {
  const world = new InboxWorld()
  world.login(1, 'ann')
  world.acknowledging(2, 'bob')
  for (let index = 0; index < 3; index++) t.strictSame(runsIn(world.relay(1, 'bob')), [])
  t.strictSame(
    runsIn(world.closed(2)).map(({ seq }) => seq),
    [1, 2, 3],
  )
  t.ok(world.state.inbox.known.has('bob'))
})

t.test('senders are noted only where they have to be told', async (t) => {
  for (const dropsOldest of [false, true]) {
    const world = new InboxWorld()
    const state = { ...world.state.inbox.options, dropsOldest }
    Object.assign(world.state.inbox, { options: state })
    world.login(1, 'ann')
    world.relay(1, 'bob')
    const [run] = runsIn(world.found('bob'))
    t.equal(Buffer.from(run?.note ?? []).toString(), dropsOldest ? 'ann' : '')
  }
})

t.test('the store hears how far a device is when it may keep something for it', async (t) => {
  const world = new InboxWorld()
  world.login(1, 'ann')
  world.acknowledging(2, 'bob')
  world.relay(1, 'bob')
  t.strictSame(ofKind(world.acknowledge(2, { epoch: 1, seq: 1 }), 'noteAcknowledged'), [], 'it has nothing')
  world.relay(1, 'bob')
  world.stored(runsIn(world.later(2000)))
  t.match(ofKind(world.acknowledge(2, { epoch: 1, seq: 2 }), 'noteAcknowledged'), [
    { acknowledgement: { user: 'bob', device: 'phone', epoch: 1, seq: 2 } },
  ])
})

t.test('an answer for a run that nobody waits for does no harm', async (t) => {
  const world = new InboxWorld()
  t.strictSame(world.step({ kind: 'runsStored', runs: [{ user: 'bob', seq: 1, count: 1, refused: undefined }] }), [])
})

t.test(
  'while there is no room, one run at a time asks for it: what is refused leaves no hole in the numbers',
  async (t) => {
    for (const code of ['inbox_full', 'storage_full'] as const) {
      const world = new InboxWorld()
      world.login(1, 'ann')
      world.relay(1, 'bob')
      world.stored(runsIn(world.found('bob')))
      const [second] = runsIn(world.relay(1, 'bob'))
      const [third] = runsIn(world.relay(1, 'bob'))
      if (second === undefined || third === undefined) throw new Error('nothing is stored')
      world.stored([second], { from: 0, code })
      const meanwhile = world.relay(1, 'bob')
      t.match(saidTo(meanwhile, 1), [{ content: { Code: code } }], 'the third one is still asking')
      t.strictSame(runsIn(meanwhile), [])
      world.stored([third], { from: 0, code })
      const asking = runsIn(world.relay(1, 'bob'))
      t.match(asking, [{ seq: second.seq }], 'and again')
      t.strictSame(runsIn(world.relay(1, 'bob')), [])
      world.stored(asking)
      const rest = [...runsIn(world.relay(1, 'bob')), ...runsIn(world.relay(1, 'bob'))]
      t.strictSame(
        rest.map(({ seq }) => seq - second.seq),
        [1, 2],
      )
    }
  },
)

t.test('who is there gets messages all the same, whatever the store says', async (t) => {
  const world = new InboxWorld()
  world.login(1, 'ann')
  world.acknowledging(2, 'bob', { devices: ['phone', 'desk'] })
  world.stored(runsIn(world.relay(1, 'bob')), { from: 0, code: 'storage_full' })
  t.strictSame(givenTo(world.relay(1, 'bob'), 2), [2])
  t.strictSame(givenTo(world.relay(1, 'bob'), 2), [3])
})
