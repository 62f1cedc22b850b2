import t from 'tap'
import { readNumbers, readOnly, readSweep } from '../../bench/option-values.ts'

t.test('a sweep takes a range or a list', async (t) => {
  const faults: string[] = []
  const setting = 'PARLEY_POOL_MAX_THREADS'
  t.strictSame(readSweep(`${setting}=1..4`, faults), { setting, values: ['1', '2', '3', '4'] })
  t.strictSame(readSweep(`${setting}=1,2,4`, faults), { setting, values: ['1', '2', '4'] })
  t.strictSame(readSweep(`${setting}=1..2,8`, faults), { setting, values: ['1', '2', '8'] })
  t.strictSame(readSweep('PARLEY_SESSION_POLICY=replace,multi', faults)?.values, ['replace', 'multi'])
  t.strictSame(faults, [])
})

t.test('a sweep of nothing, of too much, of one value or of an unknown setting is a fault', async (t) => {
  for (const [text, words] of [
    ['PARLEY_POOL_MAX_THREADS', /must be like/],
    ['PARLEY_POOL_MAX_THREADS=', /must be like/],
    ['=1,2', /must be like/],
    ['PARLEY_POOL_MAX_THREADS=3', /2 to 32 values/],
    ['PARLEY_POOL_MAX_THREADS=1..999999999', /2 to 32 values/],
    ['PARLEY_POOL_MAX_THREADS=4..1', /2 to 32 values/],
    ['PARLEY_POOL_MAX_THREADS=1,,2', /2 to 32 values/],
    ['PARLEY_POOL_MAX_THREAD=1,2', /did you mean PARLEY_POOL_MAX_THREADS/],
    ['PARLEY_PORT=1,2', /chosen by the benchmark/],
  ] as const) {
    const faults: string[] = []
    t.equal(readSweep(text, faults), undefined, text)
    t.match(faults, [words], text)
  }
})

t.test('what this version does not know is refused with what it knows', async (t) => {
  const faults: string[] = []
  t.equal(readOnly('security', undefined, 'plain', faults), 'plain')
  t.equal(readOnly('security', 'plain', 'plain', faults), 'plain')
  t.strictSame(faults, [])
  readOnly('security', 'sealed', 'plain', faults)
  t.match(faults, [/--security "sealed" is not known to this version.*"plain"/])
})

t.test('each number of a list is checked', async (t) => {
  const faults: string[] = []
  t.strictSame(readNumbers('connections', '100,1000', { default: 2, min: 2, max: 5000 }, faults), [100, 1000])
  readNumbers('connections', '1,9000', { default: 2, min: 2, max: 5000 }, faults)
  t.equal(faults.length, 2)
})
