import { createHmac, hkdfSync } from 'node:crypto'
import t from 'tap'
import { macOf, makeFinish, readFinish, takeFinishMac } from '../../src/security/finish-frame.ts'
import { readSessionKeys } from '../../src/security/key-schedule.ts'
import { Secret } from '../../src/security/secret.ts'
import { splitFinish, transcriptHash } from '../../src/security/transcript.ts'
import { flipped, now } from './handshake-world.ts'

const frames = { offerBody: Buffer.from('{"offer"}'), terminalBody: Buffer.from('{"terminal"}') }
const inputKey = Buffer.alloc(96, 3)
const made = makeFinish(frames, { Nonce: 'AA' }, { createTime: now, inputKey })

t.test('frame 3 ends in a MAC over the transcript, under the keys that come of it', async (t) => {
  const parts = splitFinish(made.body)
  if (parts === undefined) throw new Error('no MAC at the end')
  const { offerBody, terminalBody } = frames
  const hash = transcriptHash({ offer: offerBody, terminal: terminalBody, finishHead: parts.head })
  t.strictSame(made.transcript, hash)
  const okm = Buffer.from(hkdfSync('sha256', inputKey, hash, 'parley sealed v1 keys', 320))
  t.strictSame(Buffer.from(made.packedKeys.reveal()), okm)
  t.strictSame(parts.mac, createHmac('sha256', okm.subarray(224, 256)).update(hash).digest())
  t.strictSame(readFinish(made.body), { Nonce: 'AA', Finish: parts.mac.toString('base64url') })
})

t.test('a client with the same frames and the same input has the same keys', async (t) => {
  const taken = takeFinishMac(frames, made.body, inputKey)
  t.strictSame(taken?.transcript, made.transcript)
  t.ok(taken?.keys.signingKey.equals(readSessionKeys(made.packedKeys).signingKey))
})

t.test('other frames, another input or another bit give no keys', async (t) => {
  t.equal(takeFinishMac({ ...frames, offerBody: Buffer.from('{"Offer"}') }, made.body, inputKey), undefined)
  t.equal(takeFinishMac({ ...frames, terminalBody: Buffer.from('{"Terminal"}') }, made.body, inputKey), undefined)
  t.equal(takeFinishMac(frames, made.body, flipped(inputKey, 0)), undefined)
  for (let index = 0; index < made.body.length; index++) {
    t.equal(takeFinishMac(frames, flipped(made.body, index), inputKey), undefined, `byte ${index}`)
  }
})

t.test('a finish MAC is an HMAC of the transcript', async (t) => {
  const key = Buffer.alloc(32, 5)
  t.strictSame(macOf(new Secret(key), made.transcript), createHmac('sha256', key).update(made.transcript).digest())
})
