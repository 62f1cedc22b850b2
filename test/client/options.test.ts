import t from 'tap'
import { optionDefaults, readOptions } from '../../src/client/options.ts'

t.test('what is left out has its default', async (t) => {
  const options = readOptions({})
  t.match(options, { ...optionDefaults, startByte: 2, endByte: 3, charset: 'utf-8' })
  t.match(options.reconnect, { baseMs: 500, capMs: 30_000, attemptsMax: Number.POSITIVE_INFINITY })
  t.equal(readOptions({ reconnect: false }).reconnect, undefined)
})

t.test('a bound that is no number of at least 1 is refused by name; only heartbeats may be 0', async (t) => {
  for (const name of Object.keys(optionDefaults)) {
    const least = name === 'heartbeatIntervalMs' ? 0 : 1
    t.doesNotThrow(() => readOptions({ [name]: least }))
    t.throws(() => readOptions({ [name]: least - 1 }), { code: 'bad_argument', message: new RegExp(name) })
    t.throws(() => readOptions({ [name]: Number.NaN }), { code: 'bad_argument' })
  }
})
