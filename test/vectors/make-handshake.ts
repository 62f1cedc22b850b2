/**
 * Makes `test/vectors/handshake.json`: whole handshakes with fixed keys, nonces, shares and points, and bad frames.
 * Run: `node build/test/vectors/make-handshake.js`. OAEP and PSS are random, so a new run gives other ciphertexts and
 * signatures, and with them other keys, that are as good.
 */
import { createECDH, createHash } from 'node:crypto'
import {
  clientKeyOf,
  clientProof,
  makeResumption,
  makeTerminalKey,
  type PendingHandshake,
  takeFinish,
} from '../../src/security/client-handshake.ts'
import { macOf } from '../../src/security/finish-frame.ts'
import { certifyHandshakeKey, signRotation } from '../../src/security/handshake-keys.ts'
import { readSessionKeys } from '../../src/security/key-schedule.ts'
import { type Offer, offerWriter, readOffer } from '../../src/security/offer.ts'
import { RecordSealer, recordType } from '../../src/security/records.ts'
import { resumptionInputKey } from '../../src/security/resumption.ts'
import { Secret } from '../../src/security/secret.ts'
import { answerTerminal } from '../../src/security/server-handshake.ts'
import { makeSuite3Terminal } from '../../src/security/suite3.ts'
import type { SuiteNumber } from '../../src/security/suites.ts'
import { mintTicket } from '../../src/security/tickets.ts'
import { splitTicketMac } from '../../src/security/transcript.ts'
import { badFinishes, badTerminals } from './bad-handshakes.ts'
import { fixedRandom, namedBytes } from './fixed-random.ts'
import type { HandshakeCase, HandshakeVectors, OfferCase } from './handshake-vectors.ts'
import { vectorTicketKeys } from './ticket-vectors.ts'
import { vectorFile, vectorKey, writeVectors } from './vector-files.ts'

const now = 1_763_000_000
const day = 86_400
const suites = [1, 2, 3]
const identity = vectorKey('identity')
const handshakeKey = vectorKey('handshake')
const claims = { key: handshakeKey.jwk, notBefore: now - day, notAfter: now + 20 * day }
const certificate = certifyHandshakeKey(identity.privateKey, claims, { suite3: true })
const older = vectorKey('olderIdentity')
const oldest = vectorKey('oldestIdentity')
const rotations = [
  signRotation(older.privateKey, older.jwk, identity.jwk, now - 30 * day),
  signRotation(oldest.privateKey, oldest.jwk, older.jwk, now - 60 * day),
]
const parts = { suites, identity: identity.jwk, certificate, rotations: [] }
const authContent = JSON.stringify({ UserId: 'alice', Password: 'correct horse battery staple' })
const authFrame = Buffer.from(`\x02${JSON.stringify({ MsgType: 'AuthRequest', Content: authContent })}\x03`)

interface Plan {
  readonly name: string
  readonly suite: SuiteNumber
  readonly client: string
  readonly offer: Buffer
  readonly clientScalar: Buffer
  readonly resumption?: { readonly ticket: string; readonly resumptionSecret: Buffer }
}

function planOf(name: string, suite: SuiteNumber, changes: Partial<Plan> = {}): Plan {
  const offer = offerWriter(parts)({ nonce: namedBytes(`${name}: offer nonce`), now })
  return { name, suite, client: 'alice', offer, clientScalar: namedBytes(`${name}: client scalar`), ...changes }
}

function made(plan: Plan): HandshakeCase {
  const { name, suite, client, clientScalar, resumption } = plan
  const secretNames = ['server scalar', 'client share', 'server share', 'client nonce', 'server nonce'] as const
  const [serverScalar, clientShare, serverShare, clientNonce, serverNonce] = secretNames.map((secret) =>
    namedBytes(`${name}: ${secret}`),
  ) as [Buffer, Buffer, Buffer, Buffer, Buffer]
  const unused = Buffer.alloc(32)
  const random = {
    1: { client: [clientScalar, clientShare, clientNonce], server: [serverScalar, serverShare, serverNonce, unused] },
    2: { client: [clientScalar, clientShare, clientNonce], server: [serverScalar, serverShare, serverNonce, unused] },
    3: { client: [clientShare, clientNonce], server: [serverShare, serverNonce, unused] },
    resumption: { client: [clientScalar, clientNonce], server: [serverScalar, serverNonce] },
  }[resumption === undefined ? suite : 'resumption']
  const offer = offerOf(plan.offer)
  const pending = start(plan, offer, fixedRandom([...random.client, unused]))
  const answer = answerTerminal(inputOf(plan.offer, pending), fixedRandom(random.server))
  if (!answer.ok) throw new Error(answer.reason)
  const session = takeFinish(pending, answer.body3)
  if (session === undefined) throw new Error('the client refused frame 3')
  const x = suite === 3 ? undefined : sharedX(clientScalar, serverScalar)
  const agreed = x === undefined ? Buffer.alloc(0) : createHash('sha256').update(x).digest()
  const { keys, transcript } = session
  const proof = clientProof(session, authFrame)
  const sealer = new RecordSealer({ suite, sender: 'client', keys })
  const shares = { clientShare: hex(clientShare), serverShare: hex(serverShare) }
  return {
    name,
    suite,
    now,
    client,
    offer: text(plan.offer),
    terminal: text(pending.terminalBody),
    finish: text(answer.body3),
    ...(x === undefined ? {} : { clientScalar: hex(clientScalar), serverScalar: hex(serverScalar), sharedX: hex(x) }),
    ...(resumption === undefined ? shares : {}),
    clientNonce: hex(clientNonce),
    serverNonce: hex(serverNonce),
    ...(resumption === undefined ? {} : { resumption: resumptionOf(resumption, pending) }),
    inputKey: hex(
      resumption === undefined
        ? Buffer.concat([clientShare, serverShare, agreed])
        : resumptionInputKey({
            resumptionSecret: new Secret(resumption.resumptionSecret),
            clientNonce,
            serverNonce,
            agreed,
          }),
    ),
    transcript: hex(transcript),
    okm: hex(answer.okm),
    keys: Object.fromEntries(
      Object.entries(readSessionKeys(answer.okm)).map(([key, secret]) => [key, hex(secret.reveal())]),
    ),
    serverMac: hex(macOf(keys.serverFinishKey, transcript)),
    clientMac: hex(macOf(keys.clientFinishKey, transcript)),
    authFrame: hex(authFrame),
    proof: hex(proof),
    firstRecord: hex(sealer.seal(recordType.finish, proof)),
    serverRecord: hex(new RecordSealer({ suite, sender: 'server', keys }).seal(recordType.heartbeat)),
  }
}

function start(plan: Plan, offer: Offer, random: (bytes: number) => Uint8Array): PendingHandshake {
  const { suite, resumption } = plan
  const key = clientKeyOf(vectorKey(plan.client).privateKey)
  if (resumption !== undefined) {
    const { ticket, resumptionSecret } = resumption
    const kept = { text: ticket, suite, resumptionSecret: new Secret(resumptionSecret) }
    return makeResumption(offer, kept, { now, random })
  }
  if (suite === 3) return makeSuite3Terminal(offer, key, { now, random })
  return makeTerminalKey(offer, { suite, key }, { now, random })
}

function inputOf(offerBody: Buffer, { terminalBody }: PendingHandshake) {
  const { privateKey } = handshakeKey
  return { offerBody, terminalBody, handshakeKey: privateKey, suites, ticketKeys: vectorTicketKeys, now }
}

function offerOf(body: Buffer): Offer {
  const read = readOffer(body, now)
  if (!read.ok) throw new Error(read.problem)
  return read.offer
}

function sharedX(clientScalar: Buffer, serverScalar: Buffer): Buffer {
  const client = createECDH('prime256v1')
  client.setPrivateKey(clientScalar)
  const server = createECDH('prime256v1')
  server.setPrivateKey(serverScalar)
  return client.computeSecret(server.getPublicKey())
}

/** A client's scalar with which the shared x coordinate begins with a zero byte. */
function scalarForZero(name: string): Buffer {
  for (let tries = 0; ; tries++) {
    const scalar = namedBytes(`${name}: client scalar ${tries}`)
    if (sharedX(scalar, namedBytes(`${name}: server scalar`))[0] === 0) return scalar
  }
}

function resumptionOf(resumption: { ticket: string; resumptionSecret: Buffer }, pending: PendingHandshake) {
  const ticketMac = splitTicketMac(pending.terminalBody)?.mac ?? Buffer.alloc(0)
  return { ticket: resumption.ticket, resumptionSecret: hex(resumption.resumptionSecret), ticketMac: hex(ticketMac) }
}

/** A resumption after the full handshake of that suite. */
function resumptionPlan(name: string, full: HandshakeCase): Plan {
  const suite = full.suite === 1 ? 1 : 2
  const resumptionSecret = Buffer.from(full.keys['resumptionSecret'] ?? '', 'hex')
  const ticketClaims = {
    user: 'alice',
    device: 'desk',
    thumbprint: vectorKey(full.client).thumbprint,
    role: 'user',
    expires: now + day,
    generation: 1,
    suite,
    resumptionSecret: new Secret(resumptionSecret),
  } as const
  const nonce = namedBytes(`${name}: ticket nonce`).subarray(0, 12)
  const ticket = mintTicket(vectorTicketKeys, ticketClaims, fixedRandom([nonce]))
  return planOf(name, suite, { resumption: { ticket, resumptionSecret } })
}

function offerCase(name: string, offer: Buffer, clock = now): OfferCase {
  const read = readOffer(offer, clock)
  if (read.ok) return { name, now: clock, offer: text(offer), valid: true, olderIdentities: read.offer.olderIdentities }
  return { name, now: clock, offer: text(offer), valid: false, problem: read.problem }
}

/** Offers with the same nonce, so that only what the name says is different. */
function offers(): OfferCase[] {
  const moment = { nonce: namedBytes('offers: nonce'), now }
  const write = (changes: Partial<Parameters<typeof offerWriter>[0]>, at = moment): Buffer =>
    offerWriter({ ...parts, ...changes })(at)
  const stranger = vectorKey('strangerIdentity')
  const foreign = certifyHandshakeKey(stranger.privateKey, claims, { suite3: true })
  const certified = (changes: Partial<typeof claims>) =>
    certifyHandshakeKey(identity.privateKey, { ...claims, ...changes }, { suite3: true })
  const plain = text(write({}))
  const replaced = (from: string | RegExp, to: string): Buffer => {
    if (plain.replace(from, to) === plain) throw new Error(`${from} is not in the offer`)
    return Buffer.from(plain.replace(from, to), 'latin1')
  }
  const [first] = rotations
  if (first === undefined) throw new Error('a rotation')
  return [
    offerCase('a good offer', write({})),
    offerCase('with an answered CallbackID', write({}, { ...moment, ...{ callbackId: '李 1' } })),
    offerCase('two rotations', write({ rotations })),
    offerCase('a suite that nobody knows yet', write({ suites: [1, 2, 99] })),
    offerCase('the own clock is a day fast', write({}), claims.notAfter + day),
    offerCase('the handshake key is signed by another identity', write({ certificate: foreign })),
    offerCase('another identity beside the signature', write({ identity: stranger.jwk })),
    offerCase('not signed', write({ certificate: { ...certificate, signature: '' } })),
    offerCase(
      'the times are not those that were signed',
      write({ certificate: { ...certificate, notAfter: now + day } }),
    ),
    offerCase('another handshake key', write({ certificate: { ...certificate, key: vectorKey('bob').jwk } })),
    offerCase('expired by the time of the server', write({}, { ...moment, now: claims.notAfter + 1 })),
    offerCase('expired by the own clock', write({}), claims.notAfter + day + 1),
    offerCase('not valid yet', write({ certificate: certified({ notBefore: now + 3601 }) })),
    offerCase('valid for more than 31 days', write({ certificate: certified({ notAfter: now + 31 * day }) })),
    offerCase('a rotation by a stranger', write({ rotations: [{ ...first, key: stranger.jwk }] })),
    offerCase('rotations in the wrong order', write({ rotations: rotations.slice().reverse() })),
    offerCase('another version', replaced('\\"Version\\":1', '\\"Version\\":2')),
    offerCase('an exponent of 3', replaced('\\"e\\":\\"AQAB\\"', '\\"e\\":\\"Aw\\"')),
    offerCase('a member twice', replaced('\\"Version\\":1,', '\\"Version\\":1,\\"Version\\":1,')),
    offerCase('white space', replaced('\\"Version\\":1', '\\"Version\\": 1')),
    offerCase('a nonce of 31 bytes', replaced(/(Nonce.{5})[^\\]{43}/, `$1${'A'.repeat(42)}`)),
    offerCase('padding', replaced(/(Nonce.{5}[^\\]{43})/, '$1=')),
    offerCase('no suite', replaced('[1,2,3]', '[]')),
    offerCase('a private member in a key', replaced('\\"e\\":\\"AQAB\\"', '\\"e\\":\\"AQAB\\",\\"d\\":\\"AQAB\\"')),
  ]
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}

const zero = 'suite 1, the shared x coordinate begins with a zero byte'
const rotated = offerWriter({ ...parts, rotations })({ nonce: namedBytes('rotated: offer nonce'), now })
const full = [
  planOf('suite 1', 1),
  planOf('suite 2', 2),
  planOf('suite 3', 3),
  planOf('suite 1, a client key of 4096 bits', 1, { client: 'carol' }),
  planOf(zero, 1, { clientScalar: scalarForZero(zero) }),
  planOf('suite 1, an offer with rotations', 1, { offer: rotated }),
].map(made)
const [one, two] = full
if (one === undefined || two === undefined) throw new Error('two handshakes')
const resumptions = [resumptionPlan('suite 1, resumption', one), resumptionPlan('suite 2, resumption', two)].map(made)
const handshakes = [...full, ...resumptions]

const file: HandshakeVectors = {
  description:
    'Handshakes of sealed sessions. Frames are the exact text of their bodies; all other bytes are hex; keys by name are in keys.json. README.md beside this file says what each member is.',
  identity: 'identity',
  handshakeKey: 'handshake',
  handshakes,
  offers: offers(),
  badTerminals: badTerminals(handshakes),
  badFinishes: badFinishes(handshakes),
}

writeVectors(vectorFile('handshake'), file)
