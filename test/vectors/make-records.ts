/**
 * Makes `test/vectors/records.json` with node:crypto alone, so that the file is a second opinion on `src/security/records.ts`.
 * Run: `node build/test/vectors/make-records.js`. The same in each run.
 */
import { createCipheriv, createHmac } from 'node:crypto'
import { type RecordSender, recordType } from '../../src/security/records.ts'
import type { SuiteNumber } from '../../src/security/suites.ts'
import { namedBytes } from './fixed-random.ts'
import type { BadRecords, RecordCase, RecordStream, RecordVectors } from './record-vectors.ts'
import { vectorFile, writeVectors } from './vector-files.ts'

const message = Buffer.from('\x02{"MsgType":"HeartbeatRequest","Content":"{}"}\x03')
const empty = Buffer.alloc(0)

interface Direction {
  readonly suite: SuiteNumber
  readonly sender: RecordSender
}

interface Keys {
  readonly recordKey: Buffer
  readonly ivKey: Buffer
}

function keysOf({ suite, sender }: Direction): Keys {
  const name = `suite ${suite}, ${sender}`
  return {
    recordKey: Buffer.concat([namedBytes(`${name}, record key 1`), namedBytes(`${name}, record key 2`)]),
    ivKey: namedBytes(`${name}, IV key`),
  }
}

function counterOf(counter: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(counter))
  return bytes
}

function aadOf({ suite, sender }: Direction, counter: number, type: number, ciphertextLength: number): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(ciphertextLength)
  const direction = sender === 'client' ? 0 : 1
  return Buffer.concat([Buffer.of(suite, direction), counterOf(counter), Buffer.of(type), length])
}

function sealed(direction: Direction, keys: Keys, counter: number, type: number, plaintext: Buffer): RecordCase {
  const make = direction.suite === 1 ? sealGcm : sealCbc
  const { iv, aad, record } = make(direction, keys, counter, type, plaintext)
  return {
    counter,
    type,
    plaintext: plaintext.toString('hex'),
    iv: iv.toString('hex'),
    aad: aad.toString('hex'),
    record: record.toString('hex'),
    base64: record.toString('base64'),
    ...(type === recordType.keyUpdate ? { nextRecordKey: nextKey(keys.recordKey).toString('hex') } : {}),
  }
}

function sealGcm(direction: Direction, keys: Keys, counter: number, type: number, plaintext: Buffer) {
  const mask = Buffer.concat([Buffer.alloc(4), counterOf(counter)])
  const iv = Buffer.from(mask.map((byte, index) => byte ^ keys.ivKey.readUInt8(index)))
  const aad = aadOf(direction, counter, type, plaintext.length)
  const cipher = createCipheriv('aes-256-gcm', keys.recordKey.subarray(0, 32), iv, { authTagLength: 16 })
  cipher.setAAD(aad)
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()])
  return { iv, aad, record: Buffer.concat([Buffer.of(type), ciphertext, cipher.getAuthTag()]) }
}

function sealCbc(direction: Direction, keys: Keys, counter: number, type: number, plaintext: Buffer) {
  const iv = createHmac('sha256', keys.ivKey).update(counterOf(counter)).digest().subarray(0, 16)
  const cipher = createCipheriv('aes-256-cbc', keys.recordKey.subarray(32), iv)
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()])
  const aad = aadOf(direction, counter, type, ciphertext.length)
  const text = Buffer.concat([aad, iv, ciphertext, counterOf(aad.length * 8)])
  const tag = createHmac('sha512', keys.recordKey.subarray(0, 32)).update(text).digest().subarray(0, 32)
  return { iv, aad, record: Buffer.concat([Buffer.of(type), ciphertext, tag]) }
}

/** HKDF-Expand(record key, "rekey", 64): two blocks. */
function nextKey(recordKey: Buffer): Buffer {
  const first = createHmac('sha256', recordKey).update('rekey').update(Buffer.of(1)).digest()
  const second = createHmac('sha256', recordKey).update(first).update('rekey').update(Buffer.of(2)).digest()
  return Buffer.concat([first, second])
}

function streamOf(
  direction: Direction,
  firstCounter: number,
  plan: readonly [type: number, text: Buffer][],
): RecordStream {
  const first = keysOf(direction)
  let keys = first
  const records = plan.map(([type, plaintext], index) => {
    const record = sealed(direction, keys, firstCounter + index, type, plaintext)
    if (type === recordType.keyUpdate) keys = { ...keys, recordKey: nextKey(keys.recordKey) }
    return record
  })
  const name = `suite ${direction.suite}, from the ${direction.sender}, counter from ${firstCounter}`
  return { name, ...direction, ...hexOf(first), firstCounter, records }
}

function hexOf({ recordKey, ivKey }: Keys): { recordKey: string; ivKey: string } {
  return { recordKey: recordKey.toString('hex'), ivKey: ivKey.toString('hex') }
}

const talk: [number, Buffer][] = [
  [recordType.data, message],
  [recordType.heartbeat, empty],
  [recordType.data, Buffer.concat([message, message])],
  [recordType.data, Buffer.alloc(16, 'p')],
  [recordType.keyUpdate, empty],
  [recordType.data, message],
  [recordType.keyUpdate, empty],
  [recordType.data, message],
  [recordType.close, empty],
]
const finish: [number, Buffer] = [recordType.finish, Buffer.concat([Buffer.alloc(34), message])]

function streamsOf(suite: SuiteNumber): RecordStream[] {
  return [
    streamOf({ suite, sender: 'client' }, 0, [finish, ...talk]),
    streamOf({ suite, sender: 'server' }, 0, talk),
    streamOf({ suite, sender: 'server' }, 2 ** 32 - 1, talk.slice(0, 3)),
    streamOf({ suite, sender: 'client' }, 2 ** 40 + 1, talk.slice(0, 2)),
  ]
}

function badOf(suite: SuiteNumber): BadRecords[] {
  const direction: Direction = { suite, sender: 'server' }
  const keys = keysOf(direction)
  const seal = (counter: number, type: number, text: Buffer, other = direction, otherKeys = keys): string =>
    sealed(other, otherKeys, counter, type, text).record
  const first = seal(0, recordType.data, message)
  const bytes = Buffer.from(first, 'hex')
  const tagBytes = suite === 1 ? 16 : 32
  const flip = (index: number): string => {
    const copy = Buffer.from(bytes)
    copy.writeUInt8(copy.readUInt8(index) ^ 1, index)
    return copy.toString('hex')
  }
  const bad = (name: string, ...records: string[]): BadRecords => ({
    name: `suite ${suite}: ${name}`,
    ...direction,
    ...hexOf(keys),
    firstCounter: 0,
    records,
  })
  const nextKeys = { ...keys, recordKey: nextKey(keys.recordKey) }
  const otherSuite: SuiteNumber = suite === 2 ? 3 : 2
  return [
    bad('one bit of the ciphertext', flip(1)),
    bad('one bit of the tag', flip(bytes.length - 1)),
    bad('another type', `01${first.slice(2)}`),
    bad('a type that does not exist', seal(0, 5, message)),
    bad('the client alone sends a finish record', seal(0, recordType.finish, message)),
    bad('sent again', first, first),
    bad('one is left out', seal(1, recordType.data, message)),
    bad('of the other direction', seal(0, recordType.data, message, { suite, sender: 'client' })),
    bad('sealed under another suite', seal(0, recordType.data, message, { suite: otherSuite, sender: 'server' })),
    bad('a heartbeat that is not empty', seal(0, recordType.heartbeat, message)),
    bad('data that is empty', seal(0, recordType.data, empty)),
    bad(
      'after a key update under the old key',
      seal(0, recordType.keyUpdate, empty),
      seal(1, recordType.data, message),
    ),
    bad('the new key before a key update', seal(0, recordType.data, message, direction, nextKeys)),
    bad('after a close', seal(0, recordType.close, empty), seal(1, recordType.data, message)),
    bad('empty', ''),
    bad('a type and nothing else', '04'),
    bad('a byte more', `${first}00`),
    ...Array.from({ length: tagBytes }, (_, kept) =>
      bad(`a tag of ${kept} bytes`, bytes.subarray(0, bytes.length - tagBytes + kept).toString('hex')),
    ),
  ]
}

const suites: readonly SuiteNumber[] = [1, 2, 3]
const file: RecordVectors = {
  description:
    'Records of sealed sessions, as hex. A stream is one direction: all of its records open in their order, and base64 is the body of the frame in delimited framing. Of a bad list, all records open but the last, which must end the session.',
  streams: suites.flatMap(streamsOf),
  bad: suites.flatMap(badOf),
}

writeVectors(vectorFile('records'), file)
