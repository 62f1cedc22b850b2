import fc from 'fast-check'
import { pack } from 'msgpackr'
import t from 'tap'
import { compactToJson, jsonToCompact } from '../../src/protocol/compact.ts'

const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (Object.is(value, -0) ? 0 : value)),
    fc.string({ unit: 'grapheme' }),
    fc.array(tie('value'), { maxLength: 20 }),
    fc.dictionary(fc.string({ unit: 'grapheme' }), tie('value'), { maxKeys: 20, noNullPrototype: true }),
  ),
}))

t.test('any JSON value comes back from MessagePack as it was', async (t) => {
  fc.assert(
    fc.property(json.value, (value) => {
      const text = compactToJson(jsonToCompact(JSON.stringify(value)))
      if (text === undefined) return false
      return JSON.stringify(JSON.parse(text)) === JSON.stringify(JSON.parse(JSON.stringify(value)))
    }),
  )
  t.pass('for all values')
})

t.test('members named as what JavaScript calls or inherits are values like any other', async (t) => {
  const texts = [
    '{"constructor":1,"toJSON":1}',
    '{"constructor":null,"toJSON":{"a":"x"}}',
    '{"a":[{"constructor":{"name":"Map"},"toJSON":true,"size":4}]}',
    '{"__proto__":{"toJSON":1},"hasOwnProperty":1,"valueOf":2,"toString":3,"then":4}',
    '{"a":"\\ud800","constructor":1,"toJSON":1,"__proto__":{"b":2}}',
  ]
  for (const text of texts) {
    const well = text.replace('\\ud800', '\ufffd')
    t.equal(compactToJson(jsonToCompact(text)), well, text)
  }
})

t.test('integers of all widths keep every digit', async (t) => {
  t.equal(compactToJson(Buffer.from('cfffffffffffffffff', 'hex')), '18446744073709551615')
  t.equal(compactToJson(Buffer.from('d38000000000000000', 'hex')), '-9223372036854775808')
  t.equal(compactToJson(Buffer.from('d0ff', 'hex')), '-1')
  t.equal(compactToJson(Buffer.from('e0', 'hex')), '-32')
  t.equal(compactToJson(Buffer.from('ceffffffff', 'hex')), '4294967295')
})

t.test('a key that stands twice stands twice in the text, for the reader to refuse', async (t) => {
  t.equal(compactToJson(Buffer.from('82a16101a16102', 'hex')), '{"a":1,"a":2}')
})

t.test('what is no JSON is refused', async (t) => {
  const refused: Record<string, string> = {
    'an empty body': '',
    'a body cut short': '82a161',
    'bytes after the value': 'c0c0',
    'binary data': 'c40100',
    'an extension': 'd40000',
    'a key that is a number': '810101',
    'a string that is not UTF-8': 'a2c328',
    NaN: 'cb7ff8000000000000',
    'an array longer than the body': 'ddffffffff',
    'a map longer than the body': 'dfffffffff',
    'a string longer than the body': 'dbffffffff41',
  }
  for (const [what, hex] of Object.entries(refused)) t.equal(compactToJson(Buffer.from(hex, 'hex')), undefined, what)
})

t.test('17 levels are read and 10,000 are refused without a stack overflow', async (t) => {
  t.equal(compactToJson(Buffer.from(`${'91'.repeat(17)}c0`, 'hex')), `${'['.repeat(17)}null${']'.repeat(17)}`)
  t.equal(compactToJson(Buffer.from(`${'91'.repeat(18)}c0`, 'hex')), undefined)
  t.equal(compactToJson(Buffer.from(`${'91'.repeat(10_000)}c0`, 'hex')), undefined)
})

t.test('random bytes are read or refused, never thrown at the caller', async (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const text = compactToJson(Buffer.from(bytes))
      if (text !== undefined) JSON.parse(text)
    }),
    { numRuns: 2000 },
  )
  t.ok(pack({}))
})
