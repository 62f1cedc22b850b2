import { publicEncrypt, randomBytes } from 'node:crypto'
import t from 'tap'
import { takeFinish } from '../../src/security/client-handshake.ts'
import { writeTerminalBody } from '../../src/security/handshake-body.ts'
import { answerTerminal } from '../../src/security/server-handshake.ts'
import { answerSuite3, makeSuite3Terminal } from '../../src/security/suite3.ts'
import { vectorKey } from '../vectors/vector-files.ts'
import { alice, answerOf, handshake, inputOf, now, offerBody, offerOf } from './handshake-world.ts'

const offer = offerBody()
const pending = makeSuite3Terminal(offerOf(offer), alice, { now })
const content = JSON.parse(JSON.parse(pending.terminalBody.toString()).Content)

function reasonFor(changes: Record<string, unknown>): string | undefined {
  const answer = answerTerminal(inputOf(offer, writeTerminalBody(now, { ...content, ...changes })))
  return answer.ok ? undefined : answer.reason
}

t.test('both sides agree without a point', async (t) => {
  const { answer, session, keys } = handshake(3)
  t.ok(session.keys.clientRecordKey.equals(keys.clientRecordKey))
  t.strictSame(answer.clientKey, alice.publicJwk)
  t.notMatch(Buffer.from(answer.body3).toString(), /Point/)
  t.notMatch(pending.terminalBody.toString(), /Point/)
})

t.test('what belongs to other suites is refused', async (t) => {
  t.match(reasonFor({ Point: Buffer.alloc(65, 4).toString('base64url') }), /malformed/)
  t.match(reasonFor({ Ticket: 'AAAA' }), /malformed/)
  t.match(reasonFor({ Nonce: undefined }), /malformed/)
  t.match(reasonFor({ Share: 'AAAA' }), /malformed/)
  t.match(reasonFor({ Key: { ...alice.publicJwk, e: 'Aw' } }), /rules for keys/)
})

t.test('a share that can not be decrypted is answered like any other', async (t) => {
  const { publicKey } = vectorKey('handshake')
  const other = publicEncrypt({ key: publicKey, padding: 4, oaepHash: 'sha256' }, randomBytes(32))
  const good = answerOf(offer, pending.terminalBody)
  const terminalBody = writeTerminalBody(now, { ...content, Share: other.toString('base64url') })
  const answer = answerOf(offer, terminalBody)
  t.equal(answer.body3.length, good.body3.length)
  t.equal(takeFinish({ ...pending, terminalBody }, answer.body3), undefined)
})

t.test('it is used only where it is offered', async (t) => {
  t.throws(() => makeSuite3Terminal(offerOf(offerBody({ suites: [1, 2] })), alice, { now }), RangeError)
  t.match(answerTerminal({ ...inputOf(offer, pending.terminalBody), suites: [1, 2] }), { ok: false })
  t.match(answerSuite3(inputOf(offer, pending.terminalBody), content, randomBytes), { ok: true, suite: 3 })
})
