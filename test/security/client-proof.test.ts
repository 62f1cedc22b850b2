import t from 'tap'
import {
  isClientMac,
  isTranscriptSignature,
  makeClientProof,
  readClientProof,
} from '../../src/security/client-proof.ts'
import { rsaSign } from '../../src/security/rsa-signature.ts'
import { signedText } from '../../src/security/signed-text.ts'
import { vectorKey } from '../vectors/vector-files.ts'
import { flipped, handshake } from './handshake-world.ts'

const frame = Buffer.from('\x02{"MsgType":"AuthRequest"}\x03')
const { session, keys, answer } = handshake(1)
const { privateKey, jwk } = vectorKey('alice')
const plaintext = makeClientProof(session, privateKey, frame)

t.test('a proof reads back as it was made', async (t) => {
  const proof = readClientProof(plaintext)
  if (proof === undefined) throw new Error('no proof')
  t.strictSame(proof.frame, frame)
  t.equal(proof.signature.length, 256)
  t.ok(isClientMac(keys, answer.transcriptHash, proof.mac))
  t.ok(isTranscriptSignature(1, jwk, answer.transcriptHash, proof.signature))
})

t.test('a resumption has no signature', async (t) => {
  const proof = readClientProof(makeClientProof(session, undefined, frame))
  t.equal(proof?.signature.length, 0)
  t.strictSame(proof?.frame, frame)
})

t.test('a plaintext that is shorter than it says is refused', async (t) => {
  for (let length = 0; length < plaintext.length - frame.length; length++) {
    t.equal(readClientProof(plaintext.subarray(0, length)), undefined, `${length} bytes`)
  }
  t.equal(readClientProof(plaintext.subarray(0, plaintext.length - frame.length))?.frame.length, 0)
})

t.test('a MAC of another transcript, or of the server, is refused', async (t) => {
  const proof = readClientProof(plaintext)
  if (proof === undefined) throw new Error('no proof')
  t.notOk(isClientMac(keys, flipped(answer.transcriptHash, 0), proof.mac))
  t.notOk(isClientMac({ ...keys, clientFinishKey: keys.serverFinishKey }, answer.transcriptHash, proof.mac))
  for (let index = 0; index < 32; index++) t.notOk(isClientMac(keys, answer.transcriptHash, flipped(proof.mac, index)))
  t.notOk(isClientMac(keys, answer.transcriptHash, proof.mac.subarray(0, 31)))
  t.notOk(isClientMac(keys, answer.transcriptHash, Buffer.alloc(0)))
})

t.test('a signature counts under its own key, for its own transcript and suite', async (t) => {
  const signature = readClientProof(plaintext)?.signature ?? Buffer.alloc(0)
  const { transcriptHash } = answer
  t.notOk(isTranscriptSignature(1, vectorKey('bob').jwk, transcriptHash, signature))
  t.notOk(isTranscriptSignature(1, jwk, flipped(transcriptHash, 31), signature))
  t.notOk(isTranscriptSignature(3, jwk, transcriptHash, signature))
  t.notOk(isTranscriptSignature(1, jwk, transcriptHash, Buffer.alloc(0)))
  const other = rsaSign('PS256', privateKey, signedText('parley message v1', transcriptHash))
  t.notOk(isTranscriptSignature(1, jwk, transcriptHash, other), 'made for another purpose')
})

t.test('suite 3 signs with RS256', async (t) => {
  const third = handshake(3)
  const proof = readClientProof(makeClientProof(third.session, privateKey, frame))
  if (proof === undefined) throw new Error('no proof')
  t.ok(isTranscriptSignature(3, jwk, third.answer.transcriptHash, proof.signature))
  t.notOk(isTranscriptSignature(1, jwk, third.answer.transcriptHash, proof.signature))
})
