import { inspect } from 'node:util'
import t from 'tap'
import { Secret, secretsEqual } from '../../src/security/secret.ts'

const bytes = Buffer.from('do not print me, please: 32 byte')

t.test('a secret shows in no text', async (t) => {
  const secret = new Secret(bytes)
  const shown = [`${secret}`, String(secret), JSON.stringify({ secret }), inspect(secret), inspect({ a: [secret] })]
  for (const text of [...shown, inspect(secret, { showHidden: true, depth: 9 }), `${structuredCloneOf(secret)}`]) {
    t.notMatch(text, /print|100|64 6f|646f/)
  }
  t.equal(`${secret}`, '[secret]')
  t.equal(JSON.stringify(secret), '"[secret]"')
  t.strictSame(Object.keys(secret), [])
})

t.test('another thread gets the bytes only when they are asked for', async (t) => {
  t.strictSame(structuredCloneOf(new Secret(bytes)), {})
  t.strictSame(Buffer.from(new Secret(bytes).reveal()), bytes)
})

t.test('secrets are compared by their bytes, whatever their lengths', async (t) => {
  const secret = new Secret(bytes)
  t.equal(secret.length, 32)
  t.ok(secret.equals(new Secret(Buffer.from(bytes))))
  t.ok(secret.equals(Uint8Array.from(bytes)))
  t.notOk(secret.equals(bytes.subarray(1)))
  t.notOk(secret.equals(Buffer.alloc(0)))
  t.ok(secretsEqual(Buffer.alloc(0), Buffer.alloc(0)))
  for (let index = 0; index < bytes.length; index++) {
    const other = Buffer.from(bytes)
    other.writeUInt8(other.readUInt8(index) ^ 1, index)
    t.notOk(secret.equals(other))
  }
})

function structuredCloneOf(value: unknown): unknown {
  return structuredClone(value)
}
