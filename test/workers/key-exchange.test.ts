import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { clientKeyOf, makeTerminalKey, takeFinish } from '../../src/security/client-handshake.ts'
import { asciiJson } from '../../src/security/handshake-body.ts'
import { certifyHandshakeKey } from '../../src/security/handshake-keys.ts'
import { publicJwkOf } from '../../src/security/jwk.ts'
import { offerWriter, readOffer } from '../../src/security/offer.ts'
import { KeyExchange, type KeyExchangePool } from '../../src/workers/key-exchange.ts'
import { WorkerPool } from '../../src/workers/pool.ts'
import type { ItemErrorCode } from '../../src/workers/tasks.ts'

const now = 1_700_000_000
const rsa = () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
const identity = rsa()
const handshakeKey = rsa()
const client = clientKeyOf(rsa())
const certificate = certifyHandshakeKey(
  identity,
  { key: publicJwkOf(handshakeKey), notBefore: now, notAfter: now + 86_400 },
  { suite3: false },
)
const writeOffer = offerWriter({ suites: [1, 2], identity: publicJwkOf(identity), certificate, rotations: [] })
const keys = {
  offered: (offer: number) => (offer === 1 ? { handshakeKey, suites: [1, 2], write: writeOffer } : undefined),
  ticketKeys: () => [],
}

const callbackId = 'c\u00e9\ud800'
const ofOffer = {
  offer: 1,
  nonce: Buffer.alloc(32).toString('base64url'),
  offerTime: now,
  offerCallbackId: asciiJson(callbackId),
}

function pending(suite: 1 | 2 = 1) {
  const read = readOffer(writeOffer({ nonce: new Uint8Array(32), now, callbackId }), now)
  if (!read.ok) throw new Error(read.problem)
  return makeTerminalKey(read.offer, { suite, key: client }, { now })
}

/** A pool that fails. */
function failing(code: ItemErrorCode): KeyExchangePool {
  return { run: () => Promise.resolve({ ok: false, error: { code, message: 'no' } }) }
}

t.test('a handshake is answered in the pool', async (t) => {
  const pool = new WorkerPool({
    minThreads: 1,
    maxThreads: 2,
    maxQueue: 16,
    idleTimeoutMs: 1000,
    batchMax: 64,
    taskTimeoutMs: 30_000,
  })
  t.teardown(() => pool.close())
  const exchange = new KeyExchange({ pool, keys, now: () => now * 1000 })
  await Promise.all(
    Array.from({ length: 20 }, async (_, index) => {
      const waiting = pending(index % 2 === 0 ? 1 : 2)
      // As they come out of a ring: views of a larger piece.
      const terminalBody = Buffer.concat([Buffer.alloc(1), waiting.terminalBody]).subarray(1)
      const verdict = await exchange.exchange({ ...ofOffer, terminalBody })
      if (!verdict.ok) throw new Error(verdict.code)
      const session = takeFinish(waiting, verdict.body)
      if (session === undefined) throw new Error('the last frame is wrong')
      t.same(verdict.transcriptHash, session.transcript)
      t.same([verdict.keys.length, verdict.thumbprint], [320, client.thumbprint])
      t.equal(verdict.keys.buffer.byteLength, 320, 'in memory of their own')
      t.same(verdict.clientKey, client.publicJwk)
    }),
  )
  t.match(pool.stats().lanes.keyExchange, { done: 20, failed: 0, refused: 0 })
  const refused = await exchange.exchange({ ...ofOffer, terminalBody: Buffer.from('{}') })
  t.match(refused, { ok: false, code: 'refused', detail: /TerminalKeyMessage/ })
})

t.test('an offer that is over is not answered', async (t) => {
  const exchange = new KeyExchange({ pool: failing('item_failed'), keys })
  const { terminalBody } = pending()
  t.match(await exchange.exchange({ ...ofOffer, offer: 2, terminalBody }), { ok: false, code: 'refused' })
})

t.test('what the pool can not do is told, as a matter of the server or of the client', async (t) => {
  for (const [code, verdict] of [
    ['server_busy', 'server_busy'],
    ['aborted', 'server_busy'],
    ['worker_lost', 'server_busy'],
    ['item_failed', 'refused'],
  ] as const) {
    const exchange = new KeyExchange({ pool: failing(code), keys })
    const { terminalBody } = pending()
    t.match(await exchange.exchange({ ...ofOffer, terminalBody }), { ok: false, code: verdict }, code)
  }
})
