import t from 'tap'
import { createRecipient } from '../../../src/router/inbox/recipient.ts'
import { rememberDirect, rememberSettled } from '../../../src/router/inbox/remembered.ts'
import type { Entry, Place } from '../../../src/router/inbox/window.ts'
import type { Step } from '../../../src/router/state.ts'

function stepWith(isOn: boolean): Step {
  const state = {
    past: { options: { isOn } },
    inbox: { epoch: 4, lastSeqs: new Map() },
    options: { delimiters: { start: 2, end: 3 } },
  }
  return { state, now: 9, effects: [], answers: undefined } as unknown as Step
}

function entry(seq: number, place: Place, changes: Partial<Entry> = {}): Entry {
  const frames = Buffer.from('\u0002a\u0003\u0002b\u0003')
  const rest = { keys: undefined, asker: undefined, from: 'ann', acceptedAt: 1, mark: -1, acknowledged: 0, answered: 2 }
  return { seq, count: 2, frames, place, writes: { open: 0, isWritten: false }, ...rest, ...changes }
}

function told(step: Step): readonly (readonly [number, number])[] {
  return step.effects.flatMap((effect) =>
    effect.kind === 'remember' ? [[effect.run.seq, effect.run.count] as const] : [],
  )
}

t.test('runs are told in order, once, when they are settled, and without what was refused', async (t) => {
  const step = stepWith(true)
  const recipient = createRecipient('bob', 0, 'exists')
  const slow = entry(3, { kind: 'storing', order: 1 })
  recipient.window.push(entry(1, { kind: 'stored', order: 0 }))
  recipient.window.push(slow)
  recipient.window.push(entry(5, { kind: 'held' }, { acknowledged: 2 }))
  recipient.window.push(entry(7, { kind: 'refused', order: 2, from: 1, code: 'inbox_full' }))
  recipient.window.push(entry(9, { kind: 'held' }))
  rememberSettled(step, recipient)
  t.same(told(step), [[1, 2]])
  slow.place = { kind: 'stored', order: 1 }
  rememberSettled(step, recipient)
  rememberSettled(step, recipient)
  t.same(told(step), [
    [1, 2],
    [3, 2],
    [5, 2],
    [7, 1],
  ])
})

t.test('what went straight to sessions gets numbers, and nothing is told where no history is kept', async (t) => {
  const run = { from: 'ann', count: 3, frames: Buffer.alloc(0) }
  const step = stepWith(true)
  rememberDirect(step, 'bob', run)
  rememberDirect(step, 'bob', run)
  t.same(told(step), [
    [1, 3],
    [4, 3],
  ])
  const off = stepWith(false)
  rememberDirect(off, 'bob', run)
  rememberSettled(off, createRecipient('bob', 0, 'exists'))
  t.same(off.effects, [])
})
