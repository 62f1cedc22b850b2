import { randomBytes } from 'node:crypto'
import t from 'tap'
import {
  dummyPasswordHash,
  hashPassword,
  isPasswordHash,
  needsRehash,
  passwordCostMax,
  verifyPassword,
} from '../../src/workers/password.ts'

const cheap = { memoryKib: 64, passes: 1 }
const salt = 'c29tZXNhbHRzb21lc2FsdA'
const digest = 'A'.repeat(43)

function phc(parameters: string, saltText = salt, digestText = digest): string {
  return `$argon2id$v=19$${parameters}$${saltText}$${digestText}`
}

t.test('a hash fits its password only', async (t) => {
  const hash = hashPassword('correct horse', cheap)
  t.match(hash, /^\$argon2id\$v=19\$m=64,t=1,p=1\$/)
  t.ok(isPasswordHash(hash))
  t.equal(verifyPassword('correct horse', hash), true)
  t.equal(verifyPassword('correct horsf', hash), false)
  t.equal(verifyPassword('', hash), false)
  t.not(hashPassword('correct horse', cheap), hash, 'each has its own salt')
})

t.test('a password is the same however its accents were typed', async (t) => {
  const composed = 'caf\u00e9 cr\u00e8me'
  const decomposed = 'cafe\u0301 cre\u0300me'
  t.ok(verifyPassword(decomposed, hashPassword(composed, cheap)))
  t.ok(verifyPassword(composed, hashPassword(decomposed, cheap)))
  t.notOk(verifyPassword('cafe creme', hashPassword(composed, cheap)))
})

t.test('a hash made elsewhere is checked', async (t) => {
  // From the argon2 command of the reference implementation: password "password", salt "somesalt".
  const hash = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'
  t.ok(isPasswordHash(hash))
  t.ok(verifyPassword('password', hash))
})

t.test('another cost asks for a new hash', async (t) => {
  const hash = hashPassword('p', cheap)
  t.equal(needsRehash(hash, cheap), false)
  t.equal(needsRehash(hash, { ...cheap, memoryKib: 65 }), true)
  t.equal(needsRehash(hash, { ...cheap, passes: 2 }), true)
  t.equal(needsRehash(phc('m=64,t=1,p=2'), cheap), true)
  t.equal(needsRehash('no hash', cheap), true)
})

t.test('the bounds of a hash hold at the limit and not one over', async (t) => {
  const good = [
    phc('m=19456,t=2,p=1'),
    phc('m=8,t=1,p=1'),
    phc(`m=${passwordCostMax.memoryKib},t=4,p=8`),
    phc(`m=32768,t=${passwordCostMax.passes},p=1`),
    phc('m=64,t=1,p=1', 'AAAAAAAAAAA', 'A'.repeat(22)),
    phc('m=64,t=1,p=1', 'A'.repeat(86), 'A'.repeat(86)),
  ]
  for (const hash of good) t.equal(isPasswordHash(hash), true, hash)
  const bad = [
    phc('m=7,t=1,p=1'),
    phc('m=15,t=1,p=2'),
    phc(`m=${passwordCostMax.memoryKib + 1},t=1,p=1`),
    phc(`m=${passwordCostMax.memoryKib},t=5,p=1`),
    phc(`m=64,t=${passwordCostMax.passes + 1},p=1`),
    phc('m=19456,t=2,p=9'),
    phc('m=4294967295,t=4294967295,p=255'),
    phc('m=9999999999,t=1,p=1'),
    phc('m=64,t=0,p=1'),
    phc('m=064,t=1,p=1'),
    phc('m=-64,t=1,p=1'),
    phc('t=1,m=64,p=1'),
    phc('m=64,t=1,p=1,keyid=AA'),
    phc('m=64,t=1,p=1', 'AAAAAAAAAA'),
    phc('m=64,t=1,p=1', 'A'.repeat(87)),
    phc('m=64,t=1,p=1', salt, 'A'.repeat(20)),
    phc('m=64,t=1,p=1', salt, 'A'.repeat(87)),
    phc('m=64,t=1,p=1', `${salt}==`),
    phc('m=64,t=1,p=1', salt, `${'A'.repeat(42)}B`),
    phc('m=64,t=1,p=1').replace('argon2id', 'argon2i'),
    phc('m=64,t=1,p=1').replace('argon2id', 'argon2d'),
    phc('m=64,t=1,p=1').replace('v=19', 'v=16'),
    phc('m=64,t=1,p=1').replace('$v=19', ''),
    `${phc('m=64,t=1,p=1')}\n`,
    ` ${phc('m=64,t=1,p=1')}`,
    '$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy',
    'password',
    '',
    `$argon2id$v=19$m=64,t=1,p=1$${'A'.repeat(1_000_000)}$`,
  ]
  for (const hash of bad) t.equal(isPasswordHash(hash), false, hash.slice(0, 80))
})

t.test('a hash out of bounds is refused before any work, and is not in the message', async (t) => {
  const hash = phc('m=4194304,t=100,p=1')
  const begun = performance.now()
  t.throws(() => verifyPassword('p', hash), { name: 'RangeError', message: /^((?!4194304).)*$/ })
  t.ok(performance.now() - begun < 50)
})

t.test('the dummy is a hash of the present cost that no password has', async (t) => {
  const dummy = dummyPasswordHash(cheap, randomBytes)
  t.ok(isPasswordHash(dummy))
  t.equal(needsRehash(dummy, cheap), false)
  t.equal(verifyPassword('', dummy), false)
  t.equal(dummy.length, hashPassword('p', cheap).length)
})
