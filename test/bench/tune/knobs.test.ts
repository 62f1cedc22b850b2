import t from 'tap'
import { knobsOf } from '../../../bench/tune/knobs.ts'

t.test('every knob tries the usual value, and others', async (t) => {
  for (const cores of [1, 2, 6, 64]) {
    for (const knob of knobsOf({ system: 'linux', nodeVersion: '24.1.0', cores }).knobs) {
      t.ok(knob.values.includes(knob.usual), `${knob.setting} on ${cores} cores`)
      t.ok(knob.values.length >= 2)
      t.strictSame([...new Set(knob.values)], knob.values)
    }
  }
})

t.test('acceptor threads are tried where threads can share a port, else a note says why not', async (t) => {
  const able = knobsOf({ system: 'linux', nodeVersion: '24.1.0', cores: 8 })
  t.ok(able.knobs.some((knob) => knob.setting === 'PARLEY_ACCEPTOR_THREADS'))
  t.strictSame(able.notes, [])
  const unable = knobsOf({ system: 'darwin', nodeVersion: '20.0.0', cores: 8 })
  t.notOk(unable.knobs.some((knob) => knob.setting === 'PARLEY_ACCEPTOR_THREADS'))
  t.match(unable.notes, [/acceptor threads are not tried/])
})
