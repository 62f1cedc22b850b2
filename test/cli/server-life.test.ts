import t from 'tap'
import { type LifeEvent, type LifeState, stepLife } from '../../src/cli/server-life.ts'

/** All effects of some events, from the start. */
function live(...kinds: LifeEvent['kind'][]): unknown[] {
  let state: LifeState = 'starting'
  return kinds.flatMap((kind) => {
    const step = stepLife(state, { kind })
    state = step.state
    return step.effects.map((effect) => (effect.kind === 'exit' ? `exit ${effect.code}` : effect.kind))
  })
}

t.test('a stop drains and ends with 0', async (t) => {
  t.same(live('started', 'stop', 'drained'), ['drain', 'exit 0'])
})

t.test('a second stop exits at once with 1, and nothing happens after', async (t) => {
  t.same(live('started', 'stop', 'stop', 'drained', 'stop'), ['drain', 'exit 1'])
})

t.test('a stop while starting drains as soon as the server runs; a second one does not wait for it', async (t) => {
  t.same(live('stop', 'started', 'drained'), ['drain', 'exit 0'])
  t.same(live('stop', 'stop'), ['exit 1'])
})

t.test('a reload counts only while the server runs', async (t) => {
  t.same(live('reload', 'started', 'reload', 'reload', 'stop', 'reload'), ['reload', 'reload', 'drain'])
})

t.test('a failure, and a drain that takes too long, end with 1', async (t) => {
  t.same(live('started', 'failed'), ['exit 1'])
  t.same(live('failed'), ['exit 1'])
  t.same(live('started', 'stop', 'deadline'), ['drain', 'exit 1'])
})

t.test('a server that drained by itself ends with 0', async (t) => {
  t.same(live('started', 'drained'), ['exit 0'])
})
