import t from 'tap'
import { hasExactly } from '../../src/security/exact-members.ts'

t.test('only objects with all of the names and no more pass', async (t) => {
  t.ok(hasExactly({ a: 1, b: undefined }, ['b', 'a']))
  t.ok(hasExactly({}, []))
  t.ok(hasExactly(JSON.parse('{"__proto__":1}'), ['__proto__']))
  for (const bad of [undefined, null, 'ab', 1, [], { a: 1 }, { a: 1, c: 2 }, { a: 1, b: 2, c: 3 }]) {
    t.notOk(hasExactly(bad, ['a', 'b']), JSON.stringify(bad))
  }
})

t.test('what is inherited is no member', async (t) => {
  t.notOk(hasExactly(Object.create({ a: 1 }), ['a']))
  t.notOk(hasExactly({ b: 1 }, ['toString']))
})
