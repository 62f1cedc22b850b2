/**
 * What sealing costs: handshakes on the server's side, records, and the check of keys: `node build/bench/micro/sealed.js`.
 * Takes the best of many short rounds, which on a shared machine is nearest to what the code itself costs; the median of the
 * answers to good and to bad shares, which must not differ, is taken over single answers in turn.
 */
import { createSecretKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import {
  clientKeyOf,
  makeResumption,
  makeTerminalKey,
  type PendingHandshake,
  takeFinish,
} from '../../src/security/client-handshake.ts'
import { writeTerminalBody } from '../../src/security/handshake-body.ts'
import { certifyHandshakeKey } from '../../src/security/handshake-keys.ts'
import { publicJwkOf } from '../../src/security/jwk.ts'
import { keyProblem } from '../../src/security/key-rules.ts'
import { readSessionKeys } from '../../src/security/key-schedule.ts'
import { offerWriter, readOffer } from '../../src/security/offer.ts'
import { RecordOpener, RecordSealer, recordType } from '../../src/security/records.ts'
import { answerTerminal, type ServerExchange } from '../../src/security/server-handshake.ts'
import { mintTicket } from '../../src/security/tickets.ts'

const rounds = 40
const now = 1_763_000_000
const rsaKey = (modulusLength: number) => generateKeyPairSync('rsa', { modulusLength }).privateKey
const identity = rsaKey(3072)
const handshakeKey = rsaKey(2048)
const client = clientKeyOf(rsaKey(2048))
const claims = { key: publicJwkOf(handshakeKey), notBefore: now - 60, notAfter: now + 86_400 }
const certificate = certifyHandshakeKey(identity, claims, { suite3: false })
const writeOffer = offerWriter({ suites: [1, 2], identity: publicJwkOf(identity), certificate, rotations: [] })
const offerBody = writeOffer({ nonce: randomBytes(32), now })
const ticketKeys = [{ id: randomBytes(4), key: createSecretKey(randomBytes(32)) }]

/** The least microseconds that one of `count` runs takes. */
function bestUs(count: number, run: () => void): string {
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds; round++) {
    const started = process.hrtime.bigint()
    for (let index = 0; index < count; index++) run()
    best = Math.min(best, Number(process.hrtime.bigint() - started) / count)
  }
  return `${(best / 1000).toFixed(1)} µs`
}

function answer(terminalBody: Uint8Array): ServerExchange {
  const suites = [1, 2]
  const made = answerTerminal({ offerBody, terminalBody, handshakeKey, suites, ticketKeys, now })
  if (!made.ok) throw new Error(made.reason)
  return made
}

function offer() {
  const read = readOffer(offerBody, now)
  if (!read.ok) throw new Error(read.problem)
  return read.offer
}

function resumptionOf(full: PendingHandshake): PendingHandshake {
  const session = takeFinish(full, answer(full.terminalBody).body3)
  if (session === undefined) throw new Error('the client refused frame 3')
  const { resumptionSecret } = session.keys
  const { suite } = full
  const who = { user: 'alice', device: 'desk', thumbprint: client.thumbprint, role: 'user', expires: now + 60 }
  const text = mintTicket(ticketKeys, { ...who, generation: 1, suite, resumptionSecret }, randomBytes)
  return makeResumption(offer(), { text, suite, resumptionSecret }, { now })
}

function medianUs(times: number[]): string {
  return `${((times.sort((a, b) => a - b)[times.length >> 1] ?? 0) / 1000).toFixed(1)} µs`
}

/** Good shares, and ones that can't be decrypted, in turn. */
function shares(full: PendingHandshake): { good: string; bad: string } {
  const content = JSON.parse(JSON.parse(full.terminalBody.toString()).Content)
  const times: { good: number[]; bad: number[] } = { good: [], bad: [] }
  const bodies = Array.from({ length: 1000 }, (_, index) => {
    const Share = randomBytes(256).fill(0, 0, 1).toString('base64url')
    const good = { kind: 'good', body: writeTerminalBody(now, content) } as const
    const bad = { kind: 'bad', body: writeTerminalBody(now, { ...content, Share }) } as const
    return index % 2 === 0 ? [good, bad] : [bad, good]
  })
  for (const { kind, body } of bodies.flat()) {
    const started = process.hrtime.bigint()
    answer(body)
    times[kind].push(Number(process.hrtime.bigint() - started))
  }
  return { good: medianUs(times.good), bad: medianUs(times.bad) }
}

function records(suite: 1 | 2, plaintextBytes: number): string {
  const keys = readSessionKeys(randomBytes(320))
  const plaintext = randomBytes(plaintextBytes)
  const sealer = new RecordSealer({ suite, sender: 'server', keys })
  const opener = new RecordOpener({ suite, sender: 'server', keys })
  const count = 200
  const sealed = Array.from({ length: count * rounds }, () => sealer.seal(recordType.data, plaintext))
  const other = new RecordSealer({ suite, sender: 'server', keys })
  const seal = bestUs(count, () => other.seal(recordType.data, plaintext))
  let next = 0
  const open = bestUs(count, () => {
    const record = sealed[next++]
    if (record === undefined || opener.open(record) === undefined) throw new Error('a record does not open')
  })
  return `seal ${seal}, open ${open}`
}

const full = makeTerminalKey(offer(), { suite: 1, key: client }, { now })
const resumption = resumptionOf(full)
const { n } = client.publicJwk
const badKeys = [
  { kty: 'RSA', n, e: 'AQ' },
  { kty: 'RSA', n: `${n.slice(0, -2)}gA`, e: 'AQAB' },
  { kty: 'RSA', n: Buffer.alloc(2048, 0xff).toString('base64url'), e: 'AQAB' },
  { kty: 'RSA', n: Buffer.alloc(512, 0xff).toString('base64url'), e: 'AQAB' },
]

console.log(`offer written       ${bestUs(200, () => writeOffer({ nonce: randomBytes(32), now }))}`)
console.log(`full handshake      ${bestUs(20, () => answer(full.terminalBody))}`)
console.log(`resumption          ${bestUs(50, () => answer(resumption.terminalBody))}`)
const { good, bad } = shares(full)
console.log(`median by share     good ${good}, bad ${bad}`)
console.log(`a good key checked  ${bestUs(200, () => keyProblem(client.publicJwk))}`)
for (const key of badKeys) console.log(`a bad key checked   ${bestUs(200, () => keyProblem(key))}: ${keyProblem(key)}`)
for (const suite of [1, 2] as const) {
  for (const bytes of [100, 1000, 16_384, 65_536]) {
    console.log(`suite ${suite}, ${String(bytes).padStart(5)} bytes  ${records(suite, bytes)}`)
  }
}
