import fc from 'fast-check'
import t from 'tap'
import { type JsonLimits, parseJson } from '../../src/protocol/json.ts'
import { levels } from './envelope-reference.ts'
import { looseJson, mutated } from './json-text.ts'

const limits: JsonLimits = { depthMax: 4, keysMax: 5 }

function problemOf(text: string, within: JsonLimits = limits): string | undefined {
  const result = parseJson(text, within)
  return 'problem' in result ? result.problem : undefined
}

t.test('gives what JSON.parse gives', async (t) => {
  for (const text of ['1', ' "a" ', 'null', '[]', '{"a":[1,{"b":null}]}', '{"__proto__":1}']) {
    t.strictSame(parseJson(text, limits), { value: JSON.parse(text) }, text)
  }
  const { value } = parseJson('{"__proto__":{"x":1}}', limits) as { value: object }
  t.equal(Object.getPrototypeOf(value), Object.prototype, '__proto__ is an ordinary key')
  t.ok(Object.hasOwn(value, '__proto__'))
})

t.test('levels: at the limit and one over, objects and arrays alike', async (t) => {
  t.equal(problemOf('[[[[]]]]'), undefined)
  t.match(problemOf('[[[[[]]]]]'), /deeper than 4/)
  t.equal(problemOf('{"a":[{"b":[]}]}'), undefined)
  t.match(problemOf('{"a":[{"b":[{}]}]}'), /deeper than 4/)
  t.equal(problemOf('[[],[],[],[],[[[]]]]'), undefined, 'a level that was closed is free again')
})

t.test('keys: at the limit and one over, in the whole text', async (t) => {
  t.equal(problemOf('{"a":1,"b":2,"c":{"d":1,"e":2}}'), undefined)
  t.match(problemOf('{"a":1,"b":2,"c":{"d":1,"e":2,"f":3}}'), /more than 5 keys/)
  t.match(problemOf('[{"a":1},{"a":1},{"a":1},{"a":1},{"a":1},{"a":1}]'), /more than 5 keys/)
})

t.test('what stands in strings does not count', async (t) => {
  t.equal(problemOf('"[[[[[[[[::::::::"'), undefined)
  t.equal(problemOf('["\\"[[[[[[", "\\\\", ":::::::", "\\\\\\"[[[[["]'), undefined)
  t.match(problemOf('["\\\\",[[[[[]]]]]]'), /deeper/, 'and a string ends where it ends')
})

t.test('10,000 levels and 100,000 keys are refused at once', async (t) => {
  const started = process.cpuUsage()
  for (const text of [
    '['.repeat(10_000),
    '['.repeat(10_000) + ']'.repeat(10_000),
    '{"a":'.repeat(10_000),
    `{${'"a":1,'.repeat(100_000)}"a":1}`,
    '['.repeat(2 ** 20),
    ':'.repeat(2 ** 20),
    '"'.repeat(2 ** 20),
    '\\'.repeat(2 ** 20),
    ']'.repeat(2 ** 20),
  ]) {
    t.type(problemOf(text, { depthMax: 32, keysMax: 1024 }), 'string')
  }
  const { user, system } = process.cpuUsage(started)
  t.ok(user + system < 1_000_000, `${(user + system) / 1000} ms`)
})

t.test('10,000 levels that are allowed do not overflow the stack', async (t) => {
  const text = '['.repeat(10_000) + ']'.repeat(10_000)
  t.equal(problemOf(text, { depthMax: 10_000, keysMax: 0 }), undefined)
})

t.test('what is no JSON is a sentence, never an exception', async (t) => {
  for (const text of [
    '',
    ' ',
    '{',
    '}',
    'nul',
    '"',
    '"\\',
    '[1,]',
    '{"a"}',
    "{'a':1}",
    '\ufeff{}',
    ']]]][[[[',
    '{"a":1}}',
  ]) {
    t.equal(problemOf(text), 'is not valid JSON', JSON.stringify(text))
  }
})

t.test('random JSON is taken exactly when it is within the limits', async () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }).chain(looseJson), (text) => {
      const keys = [...text.replaceAll(/"(?:[^"\\]|\\.)*"/g, '').matchAll(/:/g)].length
      const isWithin = levels(JSON.parse(text)) <= limits.depthMax && keys <= limits.keysMax
      return (problemOf(text) === undefined) === isWithin
    }),
    { numRuns: 2000 },
  )
  fc.assert(
    fc.property(fc.jsonValue().chain(looseJson).chain(mutated), (text) => {
      const result = parseJson(text, limits)
      return 'problem' in result || JSON.stringify(result.value) === JSON.stringify(JSON.parse(text))
    }),
    { numRuns: 2000 },
  )
})
