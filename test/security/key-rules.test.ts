import t from 'tap'
import { keyProblem } from '../../src/security/key-rules.ts'
import { vectorKey } from '../vectors/vector-files.ts'

const good = vectorKey('alice').jwk
const modulus = Buffer.from(good.n, 'base64url')

/** A key with another modulus. */
function withModulus(bytes: Uint8Array): object {
  return { ...good, n: Buffer.from(bytes).toString('base64url') }
}

/** A number as the bytes of a modulus. */
function bytesOf(number: bigint): Buffer {
  const hex = number.toString(16)
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
}

const number = BigInt(`0x${modulus.toString('hex')}`)

t.test('keys of 2048 to 4096 bits are accepted, whatever the order of their members', async (t) => {
  for (const name of ['alice', 'bob', 'identity', 'carol']) t.equal(keyProblem(vectorKey(name).jwk), undefined)
  t.equal(keyProblem({ n: good.n, e: good.e, kty: 'RSA' }), undefined)
  // Not a product of two primes, which can't be seen: 2^2047 + k without a small factor.
  let candidate = 2n ** 2047n + 1n
  while (keyProblem(withModulus(bytesOf(candidate))) !== undefined) candidate += 2n
  t.equal(keyProblem(withModulus(bytesOf(candidate - 2n))), 'the modulus must not have a small factor')
})

t.test('exactly the three members are accepted', async (t) => {
  const { d } = vectorKey('alice').privateKey.export({ format: 'jwk' })
  const members = 'a public key has exactly the members kty, n and e'
  t.equal(keyProblem({ ...good, d }), members)
  for (const name of ['alg', 'use', 'kid', 'p', 'x5c', 'toString', '__proto__']) {
    t.equal(keyProblem(JSON.parse(`{"kty":"RSA","n":"${good.n}","e":"AQAB","${name}":"x"}`)), members, name)
  }
  t.ok(keyProblem({ kty: 'RSA', n: good.n }))
  t.ok(keyProblem({ kty: 'RSA', e: good.e }))
  t.ok(keyProblem(Object.create(good)), 'inherited members do not count')
  for (const kty of ['rsa', 'EC', 'oct', undefined, 1]) t.equal(keyProblem({ ...good, kty }), 'kty must be "RSA"')
  for (const value of [undefined, null, 'RSA', 1, [], [good]]) t.equal(keyProblem(value), 'a key must be an object')
})

t.test('only the exponent 65537 is accepted, written in one way', async (t) => {
  for (const e of ['AQ', 'Aw', 'AAEAAQ', 'AQAB=', 'AQAC', 'AAAA', '', 65537, undefined, null, good.n]) {
    t.equal(keyProblem({ ...good, e }), 'the exponent must be 65537 ("AQAB")')
  }
})

t.test('moduli of other lengths are refused', async (t) => {
  const short = 'the modulus must have at least 2048 bits'
  const long = 'the modulus must have at most 4096 bits'
  t.equal(keyProblem(withModulus(modulus.subarray(0, 255))), short)
  t.equal(keyProblem(withModulus(Buffer.concat([Buffer.of(0x7f), modulus.subarray(1)]))), short, '2047 bits')
  t.equal(keyProblem(withModulus(Buffer.alloc(128, 0xff))), short)
  t.equal(keyProblem(withModulus(Buffer.alloc(513, 0xff))), long)
  t.equal(keyProblem(withModulus(Buffer.alloc(2048, 0xff))), long, '16384 bits')
  t.equal(keyProblem({ ...good, n: '' }), short)
  t.equal(keyProblem({ ...good, n: 7 }), 'n must be a string')
})

t.test('even moduli and those with a small factor are refused', async (t) => {
  t.equal(keyProblem(withModulus(bytesOf(number - 1n))), 'the modulus must be odd')
  for (const prime of [3n, 5n, 7n, 251n, 257n, 743n, 751n]) {
    let multiple = number - (number % prime)
    if (multiple % 2n === 0n) multiple -= prime
    t.equal(keyProblem(withModulus(bytesOf(multiple))), 'the modulus must not have a small factor', `${prime}`)
  }
})

t.test('a modulus has one canonical text', async (t) => {
  t.equal(keyProblem({ ...good, n: `${good.n}=` }), 'n must be canonical base64url')
  t.equal(keyProblem({ ...good, n: `${good.n.slice(0, -1)}!` }), 'n must be canonical base64url')
  t.equal(keyProblem({ ...good, n: good.n.replace(/[-_]/, '+') }), 'n must be canonical base64url')
  t.equal(keyProblem(withModulus(Buffer.concat([Buffer.of(0), modulus]))), 'n must not begin with a zero byte')
  // 256 bytes are 342 characters, with four spare bits in the last.
  const last = good.n.slice(-1)
  const spare = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const other = spare[spare.indexOf(last) + 1] ?? ''
  t.equal(keyProblem({ ...good, n: good.n.slice(0, -1) + other }), 'n must be canonical base64url')
})
