import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import {
  chooseSuite,
  clientKeyOf,
  clientProof,
  makeResumption,
  makeTerminalKey,
  takeFinish,
} from '../../src/security/client-handshake.ts'
import { isClientMac, isTranscriptSignature, readClientProof } from '../../src/security/client-proof.ts'
import { RecordOpener, RecordSealer, recordType } from '../../src/security/records.ts'
import {
  alice,
  answerOf,
  flipped,
  handshake,
  now,
  offerBody,
  offerOf,
  resumption,
  suites,
  terminalOf,
  ticketOf,
} from './handshake-world.ts'

const login = Buffer.from('\x02{"MsgType":"AuthRequest"}\x03')

t.test('a client proves itself in its first record, and both sides talk', async (t) => {
  for (const suite of suites) {
    const { session, answer, keys } = handshake(suite)
    const sealer = new RecordSealer({ suite, sender: 'client', keys: session.keys })
    const opener = new RecordOpener({ suite, sender: 'client', keys })
    const opened = opener.open(sealer.seal(recordType.finish, clientProof(session, login)))
    const proof = opened === undefined ? undefined : readClientProof(opened.plaintext)
    if (proof === undefined || answer.clientKey === undefined) throw new Error('no proof')
    t.ok(isClientMac(keys, answer.transcriptHash, proof.mac))
    t.ok(isTranscriptSignature(suite, answer.clientKey, answer.transcriptHash, proof.signature))
    t.strictSame(proof.frame, login)
    const back = new RecordSealer({ suite, sender: 'server', keys }).seal(recordType.data, login)
    t.strictSame(new RecordOpener({ suite, sender: 'server', keys: session.keys }).open(back)?.plaintext, login)
  }
})

t.test('a client that comes back signs nothing', async (t) => {
  const { session, answer, keys } = resumption(ticketOf(handshake(2)))
  const proof = readClientProof(clientProof(session, login))
  t.equal(proof?.signature.length, 0)
  t.ok(proof !== undefined && isClientMac(keys, answer.transcriptHash, proof.mac))
})

t.test('one bit changed in any byte of frame 3 gives no session', async (t) => {
  for (const suite of [1, 3] as const) {
    const { pending, answer } = handshake(suite)
    for (let index = 0; index < answer.body3.length; index++) {
      if (takeFinish(pending, flipped(answer.body3, index)) !== undefined) t.fail(`suite ${suite}, byte ${index}`)
    }
  }
  const { pending, answer } = resumption(ticketOf(handshake(1)))
  for (let index = 0; index < answer.body3.length; index++) {
    if (takeFinish(pending, flipped(answer.body3, index)) !== undefined) t.fail(`resumption, byte ${index}`)
  }
})

t.test('frame 3 of another session is refused, and so is a cut one', async (t) => {
  const one = handshake(1)
  const two = handshake(1)
  t.equal(takeFinish(one.pending, two.answer.body3), undefined)
  t.equal(takeFinish(one.pending, one.offer), undefined)
  for (const length of [0, 1, one.answer.body3.length - 1]) {
    t.equal(takeFinish(one.pending, one.answer.body3.subarray(0, length)), undefined)
  }
})

t.test('a session is bound to the offer that the client saw', async (t) => {
  const pending = terminalOf(offerOf(offerBody()), 1)
  t.equal(takeFinish(pending, answerOf(offerBody(), pending.terminalBody).body3), undefined)
})

t.test('the client takes the first of its suites that is offered', async (t) => {
  const offer = offerOf(offerBody({ suites: [2, 3, 99] }))
  t.equal(chooseSuite(offer, [1, 2]), 2)
  t.equal(chooseSuite(offer, [3, 2]), 3)
  t.equal(chooseSuite(offer, [1]), undefined)
  t.throws(() => makeTerminalKey(offer, { suite: 1, key: alice }, { now }), RangeError)
  t.throws(
    () => makeTerminalKey(offer, { suite: 3, key: alice }, { now }),
    RangeError,
    'suite 3 is a module of its own',
  )
  t.throws(() => makeResumption(offer, { ...ticketOf(handshake(1)) }, { now }), RangeError)
})

t.test('a key that breaks the rules is not used', async (t) => {
  t.throws(() => clientKeyOf(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey), RangeError)
  t.throws(
    () => clientKeyOf(generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 }).privateKey),
    RangeError,
  )
})
