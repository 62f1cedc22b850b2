import t from 'tap'
import { Trace } from '../../src/router/trace.ts'

const is = (name: string) => (user: string) => user === name

t.test('a message is found by its receiver and number, with its steps in their order', async (t) => {
  const trace = new Trace(4)
  const mark = trace.accepted({ from: 'ann', to: 'bob', seq: 5, count: 3 }, 100)
  trace.note(mark, 'stored', 110)
  trace.note(mark, 'acknowledged', 105)
  trace.note(mark, 'stored', 120)
  t.strictSame(trace.find(is('bob'), 7), {
    from: 'ann',
    to: 'bob',
    steps: [
      { step: 'accepted', time: 100 },
      { step: 'acknowledged', time: 105 },
      { step: 'stored', time: 110 },
    ],
  })
  t.equal(trace.find(is('bob'), 8), undefined)
  t.equal(trace.find(is('ann'), 5), undefined)
})

t.test('the oldest runs are forgotten, and what happens to them then is passed over', async (t) => {
  const trace = new Trace(2)
  const first = trace.accepted({ from: 'ann', to: 'bob', seq: 1, count: 1 }, 1)
  trace.accepted({ from: 'ann', to: 'bob', seq: 2, count: 1 }, 2)
  trace.accepted({ from: 'ann', to: 'bob', seq: 3, count: 1 }, 3)
  trace.note(first, 'rejected', 4, 'inbox_full')
  t.equal(trace.find(is('bob'), 1), undefined)
  t.same(trace.find(is('bob'), 3)?.steps, [{ step: 'accepted', time: 3 }])
})

t.test('a rejection has its code, the first one', async (t) => {
  const trace = new Trace(1)
  const run = { from: 'ann', to: 'bob', seq: 1, count: 1 }
  const mark = trace.accepted(run, 1)
  trace.note(mark, 'rejected', 2, 'inbox_full')
  trace.note(mark, 'rejected', 3, 'storage_failed')
  t.match(trace.find(is('bob'), 1)?.steps, [{ step: 'accepted' }, { step: 'rejected', time: 2, code: 'inbox_full' }])
  trace.note(trace.accepted(run, 4), 'rejected', 5)
  t.equal(trace.find(is('bob'), 1)?.steps[1]?.code, '')
})
