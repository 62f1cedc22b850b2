import t from 'tap'
import { saidTo } from '../router-world.ts'
import { InboxWorld, runsIn } from './inbox-world.ts'

t.test('a sender hears of what had to make room, at once or later', async (t) => {
  const world = new InboxWorld()
  world.login(1, 'ann')
  const removed = (note: string) =>
    world.step({
      kind: 'runsRemoved',
      removed: [{ user: 'bob', epoch: 1, firstSeq: 1, from: 2, to: 3, note: Buffer.from(note), why: 'dropped' }],
    })
  t.match(saidTo(removed('ann'), 1), [
    {
      type: 'ReceiptEvent',
      content: { ToUserId: 'bob', Status: 'dropped', Items: [{ MsgId: /^e1-2-/ }, { MsgId: /^e1-3-/ }] },
    },
  ])
  t.strictSame(removed(''), [], 'nobody was noted')
  removed('cat')
  t.match(runsIn(world.found('cat')), [{ user: 'cat', note: Buffer.alloc(0) }])
})
