import { randomBytes } from 'node:crypto'
import Database from 'libsql'
import t from 'tap'
import { StoreError } from '../../src/mailbox/store-error.ts'
import { Accounts } from '../../src/store/accounts.ts'
import { DeviceKeys } from '../../src/store/device-keys.ts'
import { migrate } from '../../src/store/schema.ts'
import { textOf, texts } from '../../src/store/stored-text.ts'

/** A user with a key, in a database of its own. */
function open(): { database: Database.Database; accounts: Accounts; keys: DeviceKeys } {
  const database = new Database(':memory:')
  migrate(database, ':memory:')
  const keys = new DeviceKeys({ database, now: Date.now, limits: { enrolledMax: 4, everMax: 8 } })
  const keysOf = keys.keysOf.bind(keys)
  const accounts = new Accounts({ database, now: Date.now, random: randomBytes, keysOf })
  accounts.addAccount({ userId: 'ann', passwordHash: 'hash', role: 'user' })
  keys.enrolKey({
    userId: 'ann',
    thumbprint: 'T'.repeat(43),
    key: { kty: 'RSA', n: 'modulus', e: 'AQAB' },
    deviceId: 'phone',
    approvedBy: 'first',
    server: '',
    signature: '',
  })
  return { database, accounts, keys }
}

t.test('a text comes back as it was written', async (t) => {
  t.equal(textOf(Buffer.from('grüße 你好 \u{1f600}'), 'a test'), 'grüße 你好 \u{1f600}')
  t.equal(textOf(Uint8Array.from([0xef, 0xbb, 0xbf, 0x61]).buffer, 'a test'), '\ufeffa', 'a mark at the front stays')
  t.equal(texts('a', 'b'), 'CAST(a AS BLOB) AS a, CAST(b AS BLOB) AS b')
})

t.test('bytes that are no text are an error with a code and a sentence', async (t) => {
  t.throws(() => textOf(Uint8Array.from([0x61, 0xc3]), 'the account of ann'), {
    code: 'storage_failed',
    message: /ann/,
  })
})

// libsql ends the process on such a text where it is read as one; then this file fails as a whole.
const damages: readonly (readonly [table: string, column: string])[] = [
  ['accounts', 'user_id'],
  ['accounts', 'password_hash'],
  ['accounts', 'role'],
  ['accounts', 'end_to_end'],
  ['device_keys', 'thumbprint'],
  ['device_keys', 'modulus'],
  ['device_keys', 'exponent'],
  ['device_keys', 'device_id'],
  ['device_keys', 'approved_by'],
  ['key_log', 'kind'],
  ['key_log', 'thumbprint'],
  ['key_log', 'approved_by'],
  ['key_log', 'server'],
  ['key_log', 'signature'],
  ['key_log', 'previous'],
  ['key_log', 'hash'],
]

for (const [table, column] of damages) {
  t.test(`a flipped bit in ${table}.${column} is an error and does not end the process`, async (t) => {
    const { database, accounts, keys } = open()
    database.exec('PRAGMA ignore_check_constraints = ON')
    database.exec(`UPDATE ${table} SET ${column} = CAST(x'e1bc61' AS TEXT)`)
    const calls: readonly (() => unknown)[] = [
      () => accounts.findAccount({ userId: 'ann' }),
      () => accounts.listAccounts({ limit: 10 }),
      () => accounts.setRole({ userId: 'ann', role: 'user' }),
      () => accounts.setBan({ userId: 'ann', bannedUntil: 1 }),
      () => accounts.setPolicies({ userId: 'ann', signedOnly: true }),
      () => keys.listKeys({ userId: 'ann' }),
      () => keys.readKeyLog({ userId: 'ann', from: 0, limit: 10 }),
      () => keys.revokeKey({ userId: 'ann', thumbprint: 'T'.repeat(43), by: 'operator' }),
      () => accounts.removeAccount({ userId: 'ann' }),
    ]
    const found = calls.map((call) => codeOf(call)).filter((code) => code !== undefined)
    t.ok(found.length > 0, 'it is seen')
    t.ok(found.every((code) => code === 'storage_failed' || code === 'user_unknown' || code === 'key_unknown'))
  })
}

function codeOf(call: () => unknown): string | undefined {
  try {
    call()
    return undefined
  } catch (error) {
    return error instanceof StoreError ? error.code : String(error)
  }
}
