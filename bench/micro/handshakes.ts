/**
 * What one thread of the worker pool can do a second: full handshakes, resumptions, and signatures of messages, with the way to the thread and back: `node build/bench/micro/handshakes.js`. On a machine where others work as well, count by the
 * CPU that the thread used: `per core` is what it could do if it had a core for itself.
 */
import { createSecretKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { clientKeyOf, makeResumption, makeTerminalKey, takeFinish } from '../../src/security/client-handshake.ts'
import { certifyHandshakeKey } from '../../src/security/handshake-keys.ts'
import { publicJwkOf } from '../../src/security/jwk.ts'
import { signMessage } from '../../src/security/message-signature.ts'
import { offerWriter, readOffer } from '../../src/security/offer.ts'
import { answerTerminal } from '../../src/security/server-handshake.ts'
import { SignatureBundleWriter } from '../../src/security/signature-bundle.ts'
import { mintTicket } from '../../src/security/tickets.ts'
import { KeyExchange } from '../../src/workers/key-exchange.ts'
import { WorkerPool } from '../../src/workers/pool.ts'
import type { SignatureTask } from '../../src/workers/tasks.ts'
import { readProcessTimes } from '../proc-stat.ts'
import { spreadOf } from '../statistics.ts'

const rounds = 5
const roundMs = 1000
/** As many as a storm of clients has waiting. */
const underWay = 64
const bundleMessages = 64
const now = Math.floor(Date.now() / 1000)
const rsaKey = (modulusLength: number) => generateKeyPairSync('rsa', { modulusLength }).privateKey

const handshakeKey = rsaKey(2048)
const client = clientKeyOf(rsaKey(2048))
const identity = rsaKey(3072)
const claims = { key: publicJwkOf(handshakeKey), notBefore: now - 60, notAfter: now + 86_400 }
const certificate = certifyHandshakeKey(identity, claims, { suite3: false })
const offerParts = { suites: [1, 2], identity: publicJwkOf(identity), certificate, rotations: [] }
const writeOffer = offerWriter(offerParts)
const nonce = randomBytes(32)
const offerBody = Uint8Array.from(writeOffer({ nonce, now }))
const ofOffer = { offer: 1, nonce: nonce.toString('base64url'), offerTime: now, offerCallbackId: undefined }
const ticketKeys = [{ id: randomBytes(4), key: createSecretKey(randomBytes(32)) }]

/** What the pool is to do, which counts as so many; resolves to whether it did it. */
interface Work {
  readonly name: string
  readonly counts: number
  readonly run: () => Promise<boolean>
}

function works(pool: WorkerPool): Work[] {
  const keys = { offered: () => ({ handshakeKey, suites: [1, 2], write: writeOffer }), ticketKeys: () => ticketKeys }
  const keyExchange = new KeyExchange({ pool, keys })
  const answered = async (terminalBody: Uint8Array): Promise<boolean> =>
    (await keyExchange.exchange({ ...ofOffer, terminalBody })).ok
  const read = readOffer(offerBody, now)
  if (!read.ok) throw new Error(read.problem)
  const suite = 1
  const base = { offerBody, handshakeKey, suites: [1, 2], ticketKeys, now }
  const full = makeTerminalKey(read.offer, { suite, key: client }, { now })
  const answer = answerTerminal({ ...base, terminalBody: full.terminalBody })
  const session = answer.ok ? takeFinish(full, answer.body3) : undefined
  if (session === undefined) throw new Error('the handshake failed')
  const { resumptionSecret } = session.keys
  const who = { user: 'alice', device: 'desk', thumbprint: client.thumbprint, role: 'user', expires: now + 3600 }
  const text = mintTicket(ticketKeys, { ...who, generation: 1, suite, resumptionSecret }, randomBytes)
  const resumption = makeResumption(read.offer, { text, suite, resumptionSecret }, { now })
  const isVerified = async (): Promise<boolean> => (await pool.run('signatures', bundleTask())).ok
  return [
    { name: 'full handshakes, answered', counts: 1, run: () => answered(full.terminalBody) },
    { name: 'resumptions', counts: 1, run: () => answered(resumption.terminalBody) },
    { name: 'messages by PS256', counts: bundleMessages, run: isVerified },
  ]
}

const fields = { from: 'alice', to: 'bob', clientMsgId: 'm-1', createTime: now, msgType: 'TextMsgRequest' }
const content = JSON.stringify({ Message: 'x'.repeat(128) })
const { Signature: signature } = signMessage('PS256', client.privateKey, client.thumbprint, { ...fields, content })
const bundle = makeBundle()

/** A copy: the pool may take the bytes away. */
function bundleTask(): SignatureTask {
  return { kind: 'bundle', bytes: Uint8Array.from(bundle) }
}

function makeBundle(): Uint8Array {
  const writer = new SignatureBundleWriter()
  for (let message = 0; message < bundleMessages; message++) {
    writer.add({ ...fields, alg: 'PS256', modulus: client.publicJwk.n, signature, content })
  }
  return Uint8Array.from(writer.take())
}

/** Milliseconds of CPU: of the main thread, and of the others together. */
function cpu(): { main: number; others: number } {
  const times = readProcessTimes(process.pid)
  const main = times?.threads.get(process.pid) ?? 0
  return { main, others: (times?.cpuMs ?? 0) - main }
}

async function measure(work: Work): Promise<void> {
  const perSecond: number[] = []
  const perCore: number[] = []
  const mainUs: number[] = []
  // The first round compiles.
  for (let round = 0; round <= rounds; round++) {
    const [before, began] = [cpu(), performance.now()]
    let done = 0
    const lane = async (): Promise<void> => {
      while (performance.now() < began + roundMs) {
        if (!(await work.run())) throw new Error(`${work.name}: the pool refused`)
        done += work.counts
      }
    }
    await Promise.all(Array.from({ length: Math.ceil(underWay / work.counts) + 1 }, lane))
    const [after, seconds] = [cpu(), (performance.now() - began) / 1000]
    if (round === 0) continue
    perSecond.push(done / seconds)
    perCore.push((done * 1000) / (after.others - before.others))
    mainUs.push(((after.main - before.main) * 1000) / done)
  }
  const text = (values: number[], digits = 0): string => {
    const { median, lowest, highest } = spreadOf(values) ?? { median: 0, lowest: 0, highest: 0 }
    return `${median.toFixed(digits)} (${lowest.toFixed(digits)}–${highest.toFixed(digits)})`
  }
  console.log(
    `${work.name.padEnd(26)} ${text(perCore)}/s per core, ${text(perSecond)}/s here; ${text(mainUs, 1)} µs each in the main thread`,
  )
}

const pool = new WorkerPool({
  minThreads: 1,
  maxThreads: 1,
  maxQueue: 1024,
  idleTimeoutMs: 30_000,
  batchMax: 64,
  taskTimeoutMs: 10_000,
})
await pool.ready()
for (const work of works(pool)) await measure(work)
await pool.close()
