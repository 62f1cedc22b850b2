/** What this code makes of the committed vectors of records. */
import t from 'tap'
import { readSessionKeys } from '../../src/security/key-schedule.ts'
import {
  RecordOpener,
  type RecordOptions,
  RecordSealer,
  type RecordSender,
  type RecordType,
  recordType,
} from '../../src/security/records.ts'
import type { SuiteNumber } from '../../src/security/suites.ts'
import type { RecordVectors } from '../vectors/record-vectors.ts'
import { readVectors } from '../vectors/vector-files.ts'

interface Direction {
  readonly suite: SuiteNumber
  readonly sender: RecordSender
  readonly recordKey: string
  readonly ivKey: string
  readonly firstCounter: number
}

const { streams, bad } = readVectors<RecordVectors>('records')
const types: readonly RecordType[] = Object.values(recordType)

function optionsOf({ suite, sender, recordKey, ivKey, firstCounter }: Direction): RecordOptions {
  const oneDirection = Buffer.from(recordKey + ivKey, 'hex')
  const zeros = Buffer.alloc(96)
  const both = sender === 'client' ? [oneDirection, zeros] : [zeros, oneDirection]
  return { suite, sender, keys: readSessionKeys(Buffer.concat([...both, Buffer.alloc(128)])), firstCounter }
}

for (const stream of streams) {
  t.test(stream.name, async (t) => {
    const sealer = new RecordSealer(optionsOf(stream))
    const opener = new RecordOpener(optionsOf(stream))
    for (const { type, plaintext, record, base64 } of stream.records) {
      const known = types.find((number) => number === type)
      if (known === undefined) throw new Error(`no type ${type}`)
      const bytes = Buffer.from(plaintext, 'hex')
      t.equal(sealer.seal(known, bytes).toString('hex'), record)
      t.strictSame(opener.open(Buffer.from(base64, 'base64')), { type, plaintext: bytes })
    }
  })
}

t.test('bad records end the session', async (t) => {
  for (const { name, records, ...direction } of bad) {
    const opener = new RecordOpener(optionsOf(direction))
    for (const record of records.slice(0, -1)) t.ok(opener.open(Buffer.from(record, 'hex')), name)
    t.equal(opener.open(Buffer.from(records.at(-1) ?? '', 'hex')), undefined, name)
    t.ok(opener.problem, name)
  }
})
