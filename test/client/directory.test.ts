import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { Directory, type KeysChanged } from '../../src/client/directory.ts'
import { type KeyPin, MemoryKeyPins } from '../../src/client/key-pins.ts'
import { publicJwkOf } from '../../src/security/jwk.ts'
import { KeyServer } from './key-server.ts'

const jwks = Array.from({ length: 3 }, () =>
  publicJwkOf(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey),
)
const byOperator = { ApprovedBy: 'operator', Server: '', Signature: '' }

function start(server = new KeyServer({ thumbprint: 'x' }), pins = new MemoryKeyPins()) {
  const changes: KeysChanged[] = []
  const asked: (number | undefined)[] = []
  const time = { now: 0 }
  const directory = new Directory({
    ask: async (userId, after = -1) => {
      asked.push(after)
      const { entries } = server.of(userId)
      return {
        UserId: userId,
        Entries: entries.slice(after + 1, after + 1 + server.pageMax),
        More: after + 1 + server.pageMax < entries.length,
      }
    },
    self: () => 'alice',
    pins,
    changed: (change) => changes.push(change),
    clock: () => time.now,
  })
  return { directory, server, pins, changes, asked, time }
}

t.test('a log counts as read for a while, then only what is new is asked for', async (t) => {
  const { directory, server, asked, time } = start()
  server.append('bob', { Key: jwks[0], DeviceId: '1' })
  await Promise.all([directory.log('bob'), directory.log('bob')])
  await directory.log('bob')
  t.strictSame(asked, [-1])
  await directory.log('bob', 'fresh')
  time.now = 40_000
  await directory.log('bob')
  directory.expire('bob')
  await directory.log('bob')
  t.strictSame(asked, [-1, 0, 0, 0])
})

t.test('changes are told, the first sight is none', async (t) => {
  const { directory, server, changes, pins } = start()
  await directory.log('bob')
  server.append('bob', { Key: jwks[0], DeviceId: '1' })
  await directory.log('bob', 'fresh')
  t.strictSame(changes, [])
  server.append('bob', { Key: jwks[0], DeviceId: '1' }, { ...byOperator, Kind: 'revoke' })
  server.append('bob', { Key: jwks[1], DeviceId: '2' })
  await directory.log('bob', 'fresh')
  t.match(changes, [{ added: [{ deviceId: '2' }], removed: [{ deviceId: '1' }], beganAnew: true, wasVerified: false }])
  t.match(pins.find('bob'), { length: 3 })
})

t.test('a shorter log than the known one is refused', async (t) => {
  const first = start()
  first.server.append('bob', { Key: jwks[0], DeviceId: '1' })
  first.server.append('bob', { Key: jwks[1], DeviceId: '2' }, byOperator)
  await first.directory.log('bob')
  first.server.of('bob').entries.pop()
  const again = start(first.server, first.pins)
  await t.rejects(again.directory.log('bob'), { code: 'keys_changed' })
})

t.test('answers that are none are refused, and so is a log without end', async (t) => {
  const pins = new Map<string, KeyPin | undefined>()
  const options = {
    self: () => 'alice',
    changed: () => {},
    pins: { find: (user: string) => pins.get(user), save: () => {} },
  }
  const never = new Directory({ ...options, ask: async () => ({ UserId: 'bob' }) })
  await t.rejects(never.log('bob'), { code: 'bad_answer' })
  const other = new Directory({ ...options, ask: async () => ({ UserId: 'carol', Entries: [], More: false }) })
  await t.rejects(other.log('bob'), { code: 'bad_answer' })
  const endless = new Directory({ ...options, ask: async () => ({ UserId: 'bob', Entries: [1], More: true }) })
  await t.rejects(endless.log('bob'), { code: 'bad_answer' })
  const wrong = new Directory({ ...options, ask: async () => ({ UserId: 'bob', Entries: [{}], More: false }) })
  await t.rejects(wrong.log('bob'), { code: 'keys_changed' })
})
