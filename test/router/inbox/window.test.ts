import t from 'tap'
import { type Entry, isSettled, lastSeqOf, Window } from '../../../src/router/inbox/window.ts'

function entry(seq: number, count: number): Entry {
  return {
    seq,
    count,
    frames: Buffer.alloc(10 * count),
    keys: undefined,
    asker: undefined,
    from: undefined,
    mark: -1,
    acceptedAt: 0,
    place: { kind: 'held' },
    acknowledged: 0,
    answered: 0,
    writes: { open: 0, isWritten: false },
  }
}

t.test('what went to the store comes first, and settled runs leave from the front', async (t) => {
  const window = new Window()
  const entries = [entry(1, 2), entry(3, 1), entry(4, 3)]
  for (const one of entries) window.push(one)
  const [first, second, third] = entries as [Entry, Entry, Entry]
  t.equal(window.bytes, 60)
  t.strictSame(window.held(), entries)
  window.noteAppended(first, 0)
  window.noteAppended(second, 1)
  t.strictSame(window.held(), [third])
  t.equal(window.oldestHeld(), third)
  t.equal(window.find(2), first)
  t.equal(window.find(6), third)
  t.equal(window.find(7), undefined)
  t.equal(window.find(0), undefined)
  t.equal(lastSeqOf(third), 6)

  second.answered = 1
  second.place = { kind: 'stored', order: 1 }
  t.strictSame(window.dropSettled(-1), [], 'the first is not settled')
  first.answered = 2
  t.notOk(isSettled(first), 'it is on its way')
  first.place = { kind: 'stored', order: 0 }
  t.strictSame(window.dropSettled(40), [first], 'no more than has to go')
  t.strictSame(window.dropSettled(-1), [second])
  t.strictSame(window.held(), [third])
  third.answered = 3
  t.strictSame(window.held(), [])
  t.equal(window.oldestHeld(), undefined)
  t.strictSame(window.dropSettled(-1), [third])
  t.equal(window.bytes, 0)
})
