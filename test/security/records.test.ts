import t from 'tap'
import { readSessionKeys, type SessionKeys } from '../../src/security/key-schedule.ts'
import { RecordOpener, RecordSealer, type RecordSender, recordType } from '../../src/security/records.ts'
import type { SuiteNumber } from '../../src/security/suites.ts'
import { flipped } from './handshake-world.ts'

const suites: readonly SuiteNumber[] = [1, 2, 3]
const message = Buffer.from('\x02{"MsgType":"HeartbeatRequest"}\x03')

function keysOf(seed: number): SessionKeys {
  return readSessionKeys(Uint8Array.from({ length: 320 }, (_, index) => (index * 7 + seed) & 0xff))
}
const keys = keysOf(1)

/** A sealer and its opener, the server's unless said otherwise. */
function pair(suite: SuiteNumber, sender: RecordSender = 'server', use?: { records: number; bytes: number }) {
  const options = { suite, sender, keys, ...(use === undefined ? {} : { keyUseMax: use }) }
  return { sealer: new RecordSealer(options), opener: new RecordOpener(options) }
}

t.test('records open in the order in which they were sealed', async (t) => {
  for (const suite of suites) {
    const { sealer, opener } = pair(suite)
    for (const length of [1, 15, 16, 17, 1000, 65_536, 70_000]) {
      const plaintext = Buffer.alloc(length, length)
      const record = sealer.seal(recordType.data, plaintext)
      t.equal(record.length, sealer.recordLength(length))
      t.strictSame(opener.open(record), { type: recordType.data, plaintext })
    }
    for (const type of [recordType.heartbeat, recordType.keyUpdate, recordType.heartbeat, recordType.close]) {
      t.strictSame(opener.open(sealer.seal(type)), { type, plaintext: Buffer.alloc(0) })
    }
    t.equal(opener.problem, 'the session was closed')
  }
})

t.test('the same plaintext never gives the same record', async (t) => {
  for (const suite of suites) {
    const { sealer } = pair(suite)
    const records = Array.from({ length: 50 }, () => sealer.seal(recordType.data, message).toString('hex'))
    t.equal(new Set(records).size, 50)
  }
})

t.test('a record with one bit changed anywhere does not open, and nothing opens after it', async (t) => {
  for (const suite of suites) {
    const record = pair(suite).sealer.seal(recordType.data, message)
    for (let index = 0; index < record.length; index++) {
      for (let bit = 0; bit < 8; bit++) {
        const { opener } = pair(suite)
        t.equal(opener.open(flipped(record, index, bit)), undefined, `suite ${suite}, byte ${index}, bit ${bit}`)
        t.ok(opener.problem)
        t.equal(opener.open(record), undefined)
      }
    }
  }
})

t.test('a record that is cut at any length, or longer, does not open', async (t) => {
  for (const suite of suites) {
    const record = pair(suite).sealer.seal(recordType.data, message)
    for (let length = 0; length < record.length; length++) {
      t.equal(pair(suite).opener.open(record.subarray(0, length)), undefined)
    }
    t.equal(pair(suite).opener.open(Buffer.concat([record, Buffer.of(0)])), undefined)
    t.equal(
      pair(suite).opener.open(Buffer.concat([record.subarray(0, 1), Buffer.of(0), record.subarray(1)])),
      undefined,
    )
  }
})

t.test('every shorter tag is refused, also when it is a right one of that length', async (t) => {
  for (const suite of suites) {
    const tagBytes = suite === 1 ? 16 : 32
    const record = pair(suite).sealer.seal(recordType.data, message)
    for (let kept = 0; kept < tagBytes; kept++) {
      t.equal(pair(suite).opener.open(record.subarray(0, record.length - tagBytes + kept)), undefined, `${kept} bytes`)
    }
  }
})

t.test('a record that is sent again, skipped or overtaken ends the session', async (t) => {
  for (const suite of suites) {
    const { sealer } = pair(suite)
    const [first, second, third] = [1, 2, 3].map(() => sealer.seal(recordType.data, message))
    if (first === undefined || second === undefined || third === undefined) throw new Error('three records')
    const replayed = pair(suite).opener
    t.ok(replayed.open(first))
    t.equal(replayed.open(first), undefined)
    t.equal(replayed.open(second), undefined, 'not even the right one, afterwards')
    const skipped = pair(suite).opener
    t.ok(skipped.open(first))
    t.equal(skipped.open(third), undefined)
    t.equal(pair(suite).opener.open(second), undefined)
  }
})

t.test('a record of another session, direction or suite does not open', async (t) => {
  for (const suite of suites) {
    const other = new RecordSealer({ suite, sender: 'server', keys: keysOf(2) })
    t.equal(pair(suite).opener.open(other.seal(recordType.data, message)), undefined)
    const fromClient = new RecordSealer({ suite, sender: 'client', keys, firstCounter: 1 })
    const fromServer = new RecordOpener({ suite, sender: 'server', keys, firstCounter: 1 })
    t.equal(fromServer.open(fromClient.seal(recordType.data, message)), undefined)
    for (const wrong of suites.filter((number) => number !== suite)) {
      t.equal(pair(wrong).opener.open(pair(suite).sealer.seal(recordType.data, message)), undefined)
    }
  }
})

t.test('a direction is bound even if its keys were those of the other', async (t) => {
  const { serverRecordKey, serverIvKey } = keys
  const same = { ...keys, clientRecordKey: serverRecordKey, clientIvKey: serverIvKey }
  for (const suite of suites) {
    const sealer = new RecordSealer({ suite, sender: 'client', keys: same, firstCounter: 1 })
    const opener = new RecordOpener({ suite, sender: 'server', keys: same, firstCounter: 1 })
    t.equal(opener.open(sealer.seal(recordType.data, message)), undefined)
  }
})

t.test('a finish record is the first of the client, and nothing else is', async (t) => {
  const { sealer, opener } = pair(1, 'client')
  t.throws(() => sealer.seal(recordType.data, message), /no place/)
  const finish = sealer.seal(recordType.finish, message)
  t.equal(opener.open(finish)?.type, recordType.finish)
  t.throws(() => sealer.seal(recordType.finish, message), /no place/)
  t.throws(() => pair(1).sealer.seal(recordType.finish, message), /no place/)
  for (const type of [recordType.data, recordType.heartbeat, recordType.close]) {
    const late = pair(1, 'client').opener
    t.equal(late.open(Buffer.concat([Buffer.of(type), finish.subarray(1)])), undefined)
    t.match(late.problem, /no place/)
  }
})

t.test('an unknown type is refused before any work', async (t) => {
  for (const type of [5, 6, 0x7b, 255]) {
    const { opener } = pair(1)
    t.equal(opener.open(Buffer.alloc(40, type)), undefined)
    t.equal(opener.problem, 'a record has an unknown type')
  }
})

t.test('only finish and data have a plaintext, and they must', async (t) => {
  const { sealer } = pair(1)
  t.throws(() => sealer.seal(recordType.heartbeat, message), /plaintext/)
  t.throws(() => sealer.seal(recordType.data), /plaintext/)
  t.throws(() => sealer.seal(recordType.data, Buffer.alloc(0)), /plaintext/)
})

t.test('the key is renewed after so many records, and both sides go on', async (t) => {
  for (const suite of suites) {
    const { sealer, opener } = pair(suite, 'server', { records: 3, bytes: 2 ** 30 })
    let updates = 0
    for (let index = 0; index < 20; index++) {
      if (sealer.keyUpdateDue) {
        t.equal(opener.open(sealer.seal(recordType.keyUpdate))?.type, recordType.keyUpdate)
        updates++
      }
      t.strictSame(opener.open(sealer.seal(recordType.data, message))?.plaintext, message)
    }
    t.equal(updates, 6)
  }
})

t.test('the key is renewed after so many bytes', async (t) => {
  const { sealer, opener } = pair(1, 'server', { records: 100, bytes: 1000 })
  t.ok(opener.open(sealer.seal(recordType.data, Buffer.alloc(999))))
  t.notOk(sealer.keyUpdateDue)
  t.ok(opener.open(sealer.seal(recordType.data, Buffer.alloc(1))))
  t.ok(sealer.keyUpdateDue)
  t.ok(opener.open(sealer.seal(recordType.keyUpdate)))
  t.notOk(sealer.keyUpdateDue)
})

t.test('a receiver accepts twice as much under one key, and no more', async (t) => {
  const lazy = { records: 100, bytes: 2 ** 30 }
  const strict = { records: 3, bytes: 2 ** 30 }
  const sealer = new RecordSealer({ suite: 1, sender: 'server', keys, keyUseMax: lazy })
  const opener = new RecordOpener({ suite: 1, sender: 'server', keys, keyUseMax: strict })
  for (let index = 0; index < 6; index++) t.ok(opener.open(sealer.seal(recordType.data, message)))
  t.equal(opener.open(sealer.seal(recordType.data, message)), undefined)
  t.match(opener.problem, /too long/)
  const careless = pair(1, 'server', strict).sealer
  for (let index = 0; index < 6; index++) careless.seal(recordType.data, message)
  t.throws(() => careless.seal(recordType.data, message), /too long/)
  const bytes = pair(1, 'server', { records: 9, bytes: 10 })
  t.ok(bytes.opener.open(bytes.sealer.seal(recordType.data, Buffer.alloc(20))))
  t.throws(() => bytes.sealer.seal(recordType.data, Buffer.alloc(1)), /too long/)
})

t.test('a key update that is left out ends the session', async (t) => {
  const { sealer, opener } = pair(1)
  sealer.seal(recordType.keyUpdate)
  t.equal(opener.open(sealer.seal(recordType.data, message)), undefined)
})

t.test('a renewed key leaves the session keys of the caller alone', async (t) => {
  const before = Buffer.from(keys.serverRecordKey.reveal())
  pair(1).sealer.seal(recordType.keyUpdate)
  t.strictSame(Buffer.from(keys.serverRecordKey.reveal()), before)
})

t.test('nothing is sealed or opened after a close', async (t) => {
  const { sealer, opener } = pair(1)
  const closing = sealer.seal(recordType.close)
  t.throws(() => sealer.seal(recordType.heartbeat), /after a close/)
  t.equal(opener.open(closing)?.type, recordType.close)
  t.equal(opener.open(closing), undefined)
})

t.test('the counter has 64 bits', async (t) => {
  for (const suite of suites) {
    for (const firstCounter of [2 ** 32 - 1, 2 ** 32, 2 ** 40 + 5]) {
      const options = { suite, sender: 'server', keys, firstCounter } as const
      const sealer = new RecordSealer(options)
      const opener = new RecordOpener(options)
      const truncated = new RecordOpener({ ...options, firstCounter: firstCounter % 2 ** 32 })
      const first = sealer.seal(recordType.data, message)
      if (firstCounter >= 2 ** 32) t.equal(truncated.open(first), undefined)
      t.ok(opener.open(first))
      t.ok(opener.open(sealer.seal(recordType.data, message)))
    }
  }
})

t.test('sessions that take turns do not disturb one another', async (t) => {
  const pairs = suites.flatMap((suite) => [pair(suite), pair(suite)])
  for (let round = 0; round < 5; round++) {
    const records = pairs.map(({ sealer }) => sealer.seal(recordType.data, message))
    for (const [index, record] of records.entries()) t.ok(pairs[index]?.opener.open(record))
  }
})

t.test('a record lies where it is told to, where it has room there', async (t) => {
  const { sealer, opener } = pair(1)
  const into = Buffer.alloc(100)
  const inside = sealer.seal(recordType.data, message, into)
  t.equal(inside.buffer, into.buffer)
  t.strictSame(opener.open(inside)?.plaintext, message)
  const outside = sealer.seal(recordType.data, Buffer.alloc(90, 1), into)
  t.not(outside.buffer, into.buffer)
  t.ok(opener.open(outside))
})
