import { createSecretKey, publicEncrypt, randomBytes } from 'node:crypto'
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads'
import t from 'tap'
import { makeResumption, takeFinish } from '../../src/security/client-handshake.ts'
import { writeTerminalBody } from '../../src/security/handshake-body.ts'
import { readSessionKeys } from '../../src/security/key-schedule.ts'
import { offerWriter } from '../../src/security/offer.ts'
import { Secret } from '../../src/security/secret.ts'
import { answerTerminal, type ServerExchangeInput } from '../../src/security/server-handshake.ts'
import { vectorKey } from '../vectors/vector-files.ts'
import {
  alice,
  answerOf,
  certificate,
  day,
  flipped,
  handshake,
  inputOf,
  now,
  offerBody,
  offerOf,
  resumption,
  suites,
  terminalOf,
  ticketKeys,
  ticketOf,
} from './handshake-world.ts'

const offer = offerBody()

/** Why the server refuses a frame 2 whose content is changed. */
function reasonFor(changes: Record<string, unknown>, suite: 1 | 2 = 1): string | undefined {
  const { terminalBody } = terminalOf(offerOf(offer), suite)
  const content = JSON.parse(JSON.parse(terminalBody.toString()).Content)
  const answer = answerTerminal(inputOf(offer, writeTerminalBody(now, { ...content, ...changes })))
  return answer.ok ? undefined : answer.reason
}

t.test('both sides have the same keys after frame 3, in every suite', async (t) => {
  for (const suite of suites) {
    const { answer, session, keys } = handshake(suite)
    t.equal(answer.suite, suite)
    t.strictSame(answer.clientKey, alice.publicJwk)
    t.equal(answer.thumbprint, alice.thumbprint)
    t.equal(answer.resumed, undefined)
    t.strictSame(session.transcript, answer.transcriptHash)
    for (const name of Object.keys(keys) as (keyof typeof keys)[]) t.ok(session.keys[name].equals(keys[name]), name)
  }
})

t.test('a ticket brings its claims back, with new keys each time', async (t) => {
  for (const suite of [1, 2] as const) {
    const first = handshake(suite)
    const ticket = ticketOf(first)
    const [one, two] = [resumption(ticket), resumption(ticket)]
    t.equal(one.answer.clientKey, undefined)
    t.equal(one.answer.thumbprint, alice.thumbprint)
    t.strictSame(one.answer.resumed, { user: 'alice', device: 'desk', role: 'user', generation: 3, expires: now + day })
    t.notOk(one.keys.clientRecordKey.equals(two.keys.clientRecordKey))
    t.notOk(one.keys.resumptionSecret.equals(first.keys.resumptionSecret))
    t.ok(resumption(ticketOf(one)).answer.ok, 'and gives the next ticket')
  }
})

t.test('what goes to the pool and back can be cloned', async (t) => {
  const { port1, port2 } = new MessageChannel()
  const pending = terminalOf(offerOf(offer), 1)
  port1.postMessage(inputOf(offer, pending.terminalBody))
  const input: ServerExchangeInput = receiveMessageOnPort(port2)?.message
  const answer = structuredClone(answerTerminal(input))
  if (!answer.ok) throw new Error(answer.reason)
  t.ok(takeFinish(pending, answer.body3)?.keys.signingKey.equals(readSessionKeys(answer.okm).signingKey))
  port1.close()
})

t.test('a suite that was not offered is refused', async (t) => {
  for (const Suite of [0, 4, '1', null, undefined, 1.5]) t.match(reasonFor({ Suite }), /suite that was not offered/)
  const { terminalBody } = terminalOf(offerOf(offer), 3)
  const answer = answerTerminal({ ...inputOf(offer, terminalBody), suites: [1, 2] })
  t.match(answer, { ok: false, reason: /suite that was not offered/ })
})

t.test("a client's key that breaks the rules is refused before any work with it", async (t) => {
  const { n } = alice.publicJwk
  const bad = [undefined, n, {}, { kty: 'RSA', n, e: 'AQ' }, { kty: 'RSA', n, e: 'AQAB', d: n }]
  for (const Key of bad) t.match(reasonFor({ Key }), /rules for keys/)
})

t.test('malformed members are refused', async (t) => {
  const malformed = [
    { Nonce: undefined },
    { Nonce: randomBytes(31).toString('base64url') },
    { Nonce: randomBytes(33).toString('base64url') },
    { Point: undefined },
    { Point: randomBytes(64).toString('base64url') },
    { Share: undefined },
    { Share: randomBytes(255).toString('base64url') },
    { Share: randomBytes(257).toString('base64url') },
    { Share: `${randomBytes(256).toString('base64url')}=` },
  ]
  for (const changes of malformed) t.match(reasonFor(changes), /malformed/, JSON.stringify(changes))
  const offCurve = Buffer.concat([Buffer.of(4), Buffer.alloc(64, 1)]).toString('base64url')
  t.match(reasonFor({ Point: offCurve }), /not on the curve/)
  t.match(answerTerminal(inputOf(offer, Buffer.from('noise'))), { ok: false, reason: /not a TerminalKeyMessage/ })
  t.match(answerTerminal(inputOf(offer, offer)), { ok: false, reason: /not a TerminalKeyMessage/ })
})

t.test('a share that can not be decrypted is answered like any other, and the client gets no keys', async (t) => {
  const pending = terminalOf(offerOf(offer), 1)
  const content = JSON.parse(JSON.parse(pending.terminalBody.toString()).Content)
  const { publicKey } = vectorKey('handshake')
  const shares = [
    randomBytes(256).fill(0, 0, 1),
    Buffer.alloc(256),
    publicEncrypt({ key: publicKey, padding: 4, oaepHash: 'sha256' }, randomBytes(31)),
    publicEncrypt({ key: publicKey, padding: 4, oaepHash: 'sha1' }, randomBytes(32)),
  ]
  for (const share of shares) {
    const terminalBody = writeTerminalBody(now, { ...content, Share: share.toString('base64url') })
    const good = answerOf(offer, pending.terminalBody)
    const answer = answerOf(offer, terminalBody)
    t.equal(answer.body3.length, good.body3.length)
    t.equal(takeFinish({ ...pending, terminalBody }, answer.body3), undefined)
  }
})

t.test('suites lowered in flight give no keys', async (t) => {
  const parts = { identity: vectorKey('identity').jwk, certificate, rotations: [] }
  const moment = { nonce: randomBytes(32), now }
  const sent = offerWriter({ ...parts, suites: [1, 2, 3] })(moment)
  for (const suite of [3, 2, 1] as const) {
    const changed = offerWriter({ ...parts, suites: [suite] })(moment)
    const pending = terminalOf(offerOf(changed), suite)
    t.equal(takeFinish(pending, answerOf(sent, pending.terminalBody).body3), undefined)
  }
})

t.test('a ticket is refused without its secret, by another suite, expired, or under another key', async (t) => {
  const first = handshake(1)
  const ticket = ticketOf(first)
  const reason = (changed: typeof ticket, changes: Partial<ServerExchangeInput> = {}): string | undefined => {
    const { terminalBody } = makeResumption(offerOf(offer), changed, { now })
    const answer = answerTerminal({ ...inputOf(offer, terminalBody), ...changes })
    return answer.ok ? undefined : answer.reason
  }
  t.equal(reason(ticket), undefined)
  t.match(reason({ ...ticket, resumptionSecret: new Secret(randomBytes(32)) }), /without its secret/)
  t.match(reason({ ...ticket, suite: 2 }), /does not open/)
  t.match(reason(ticket, { now: now + day }), /does not open/)
  t.match(reason({ ...ticket, text: `${ticket.text}A` }), /does not open/)
  const other = [{ id: ticketKeys[0]?.id ?? Buffer.alloc(4), key: createSecretKey(randomBytes(32)) }]
  t.match(reason(ticket, { ticketKeys: other }), /does not open/)
  t.match(reason(ticket, { ticketKeys: [] }), /does not open/)
  t.match(reason(ticket, { offerBody: offerBody() }), /without its secret/, 'a frame 2 that was made for another offer')
})

t.test('a ticket and a key do not go together', async (t) => {
  t.match(reasonFor({ Ticket: 'AAAA' }), /ticket and a key/)
  t.match(reasonFor({ Ticket: 'AAAA', Key: undefined }), /ticket and a key/)
  t.match(reasonFor({ Ticket: 'AAAA', Key: undefined, Share: undefined }), /malformed/, 'no MAC at the end')
})

t.test('one bit changed in any byte of frame 1 or 2 gives no session', async (t) => {
  const plans = [
    { name: 'suite 1', start: (body: Buffer) => terminalOf(offerOf(body), 1) },
    { name: 'suite 3', start: (body: Buffer) => terminalOf(offerOf(body), 3) },
    (() => {
      const ticket = ticketOf(handshake(1))
      return { name: 'resumption', start: (body: Buffer) => makeResumption(offerOf(body), ticket, { now }) }
    })(),
  ]
  for (const { name, start } of plans) {
    let alive = 0
    for (let index = 0; index < offer.length; index++) {
      const changed = flipped(offer, index)
      let pending: ReturnType<typeof start>
      try {
        pending = start(changed)
      } catch {
        continue
      }
      const answer = answerTerminal(inputOf(offer, pending.terminalBody))
      if (answer.ok && takeFinish(pending, answer.body3) !== undefined) alive++
    }
    t.equal(alive, 0, `${name}: frame 1`)
    const pending = start(offer)
    for (let index = 0; index < pending.terminalBody.length; index++) {
      const answer = answerTerminal(inputOf(offer, flipped(pending.terminalBody, index)))
      if (answer.ok && takeFinish(pending, answer.body3) !== undefined) alive++
    }
    t.equal(alive, 0, `${name}: frame 2`)
  }
})
