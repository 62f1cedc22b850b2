import { createSecretKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import t from 'tap'
import { encodeMessage } from '../../../bench/generator/frame.ts'
import { FrameReader } from '../../../bench/generator/frame-reader.ts'
import { Sealing } from '../../../bench/generator/sealing.ts'
import type { Dialogue, Step } from '../../../bench/generator/wires/wire.ts'
import { readClientProof } from '../../../src/security/client-proof.ts'
import { certifyHandshakeKey } from '../../../src/security/handshake-keys.ts'
import { publicJwkOf } from '../../../src/security/jwk.ts'
import { readSessionKeys } from '../../../src/security/key-schedule.ts'
import { offerWriter } from '../../../src/security/offer.ts'
import { RecordOpener, RecordSealer, recordPlaintextBytesMax, recordType } from '../../../src/security/records.ts'
import { answerTerminal } from '../../../src/security/server-handshake.ts'
import { mintTicket } from '../../../src/security/tickets.ts'
import { route, shape } from './wires/check-wire.ts'

const now = Math.floor(Date.now() / 1000)
const rsaKey = (modulusLength: number) => generateKeyPairSync('rsa', { modulusLength }).privateKey
const [identity, handshakeKey] = [rsaKey(3072), rsaKey(2048)]
const claims = { key: publicJwkOf(handshakeKey), notBefore: now - 60, notAfter: now + 86_400 }
const certificate = certifyHandshakeKey(identity, claims, { suite3: false })
const writeOffer = offerWriter({ suites: [1, 2], identity: publicJwkOf(identity), certificate, rotations: [] })
const ticketKeys = [{ id: randomBytes(4), key: createSecretKey(randomBytes(32)) }]

function frame(body: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(2), body, Buffer.of(3)])
}

function record(bytes: Buffer): Buffer {
  return frame(Buffer.from(bytes.toString('base64')))
}

function recordsIn(wire: Buffer): Buffer[] {
  const parts = wire.toString('latin1').split('\x02').slice(1)
  return parts.map((part) => Buffer.from(part.slice(0, -1), 'base64'))
}

function said(dialogue: Dialogue, words: Buffer): Buffer {
  const step = dialogue.hear(words)
  if (step.kind !== 'say') throw new Error(JSON.stringify(step))
  return step.bytes
}

/** Goes through a handshake as the server; what the client said in its first record, and how the login ended. */
function shake(sealing: Sealing): { login: string; end: Step; sealer: RecordSealer; opener: RecordOpener } {
  const dialogue = sealing.dialogue()
  t.match(dialogue.opening.toString(), 'PlatformKeyRequest')
  const offerBody = writeOffer({ nonce: randomBytes(32), now })
  const terminal = said(dialogue, frame(offerBody))
  const terminalBody = terminal.subarray(1, -1)
  const answer = answerTerminal({ offerBody, terminalBody, handshakeKey, suites: [1, 2], ticketKeys, now })
  if (!answer.ok) throw new Error(answer.reason)
  const keys = readSessionKeys(answer.okm)
  const opener = new RecordOpener({ suite: 1, sender: 'client', keys })
  const sealer = new RecordSealer({ suite: 1, sender: 'server', keys })
  const [first] = recordsIn(said(dialogue, frame(answer.body3)))
  const proof = first === undefined ? undefined : readClientProof(opener.open(first)?.plaintext ?? Buffer.alloc(0))
  const who = { user: 'u', device: 'd', thumbprint: answer.thumbprint, role: 'user', expires: now + 60, generation: 1 }
  const { resumptionSecret } = keys
  const ticket = mintTicket(ticketKeys, { ...who, suite: 1, resumptionSecret }, randomBytes)
  const content = JSON.stringify({ Success: true, Token: 'token', Ticket: ticket })
  const welcome = Buffer.from(JSON.stringify({ MsgType: 'AuthResponse', Content: content }))
  const end = dialogue.hear(record(sealer.seal(recordType.data, frame(welcome))))
  return { login: proof?.frame.toString() ?? '', end, sealer, opener }
}

function newSealing(login: { resume?: string | undefined } = {}): {
  sealing: Sealing
  frames: string[]
  faults: number[]
} {
  const [frames, faults]: [string[], number[]] = [[], []]
  const reader = new FrameReader((bytes, start, end) => frames.push(bytes.toString('latin1', start, end)))
  const sealing = new Sealing({ userId: 'u', token: 'secret', ...login }, reader, () => faults.push(1))
  return { sealing, frames, faults }
}

t.test('a full handshake, a login by token, and a resumption without one', async (t) => {
  const { sealing } = newSealing()
  const { login, end } = shake(sealing)
  t.match(login, /secret/)
  t.match(end, { kind: 'done', token: 'token' })
  t.ok(sealing.agreed?.session.clientKey)
  const { sealing: again } = newSealing({ resume: sealing.resumption })
  const resumed = shake(again)
  t.notMatch(resumed.login, /secret|Token|Password/)
  t.match(resumed.end, { kind: 'done' })
  t.equal(again.agreed?.session.clientKey, undefined)
})

t.test('one write is one record as long as it fits, and records are read wherever they are cut', async (t) => {
  const { sealing, frames, faults } = newSealing()
  const { sealer, opener } = shake(sealing)
  const message = encodeMessage(route, shape)
  const many = Buffer.concat(Array.from({ length: 1000 }, () => message))
  t.strictSame(opener.open(recordsIn(sealing.seal(message))[0] ?? Buffer.alloc(0))?.plaintext, message)
  const opened = recordsIn(sealing.seal(many)).map((one) => opener.open(one)?.plaintext ?? Buffer.alloc(0))
  t.strictSame(Buffer.concat(opened), many)
  for (const { length } of opened) t.ok(length <= recordPlaintextBytesMax && length % message.length === 0)

  const wire = Buffer.concat([message, message].map((one) => record(sealer.seal(recordType.data, one))))
  for (const byte of wire) sealing.consume(Buffer.of(byte), 1)
  t.strictSame(frames, [message.toString(), message.toString()])
  sealing.consume(record(Buffer.alloc(40, 4)), record(Buffer.alloc(40, 4)).length)
  t.strictSame(faults, [1], 'a record that does not open')
})
