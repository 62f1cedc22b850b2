import { hkdfSync } from 'node:crypto'
import t from 'tap'
import {
  deriveSessionKeys,
  packSessionKeys,
  readSessionKeys,
  resumptionSecretOf,
  sessionKeyBytes,
} from '../../src/security/key-schedule.ts'

const packed = Uint8Array.from({ length: sessionKeyBytes }, (_, index) => index & 0xff)

t.test('the keys are one HKDF over what both sides know, salted with the transcript', async (t) => {
  const inputKey = Buffer.alloc(96, 1)
  const transcript = Buffer.alloc(32, 2)
  const expected = hkdfSync('sha256', inputKey, transcript, 'parley sealed v1 keys', 320)
  t.strictSame(Buffer.from(deriveSessionKeys(inputKey, transcript).reveal()), Buffer.from(expected))
})

t.test('each key has its place in the 320 bytes', async (t) => {
  const keys = readSessionKeys(packed)
  const places = Object.entries(keys).map(([name, key]) => {
    const bytes = key.reveal()
    return [name, bytes.byteOffset - packed.byteOffset, bytes.length]
  })
  t.strictSame(places, [
    ['clientRecordKey', 0, 64],
    ['clientIvKey', 64, 32],
    ['serverRecordKey', 96, 64],
    ['serverIvKey', 160, 32],
    ['clientFinishKey', 192, 32],
    ['serverFinishKey', 224, 32],
    ['resumptionSecret', 256, 32],
    ['signingKey', 288, 32],
  ])
})

t.test('keys are packed as they were read', async (t) => {
  t.strictSame(packSessionKeys(readSessionKeys(packed)), packed)
})

t.test('the resumption secret is taken without the others', async (t) => {
  const secret = resumptionSecretOf(Buffer.from(packed))
  t.strictSame(Buffer.from(secret), Buffer.from(readSessionKeys(packed).resumptionSecret.reveal()))
  t.equal(secret.buffer.byteLength, 32)
})

t.test('another length is refused', async (t) => {
  for (const length of [0, 319, 321]) t.throws(() => readSessionKeys(new Uint8Array(length)), RangeError)
})
