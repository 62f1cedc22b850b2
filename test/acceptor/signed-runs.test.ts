import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { type SignedMessage, SignedRuns } from '../../src/acceptor/signed-runs.ts'
import type { RelaySignedMessage } from '../../src/mailbox/router-messages.ts'
import { publicJwkOf, thumbprintOf } from '../../src/security/jwk.ts'
import { signMessage } from '../../src/security/message-signature.ts'
import { SenderKeyCache, verifyBundle } from '../../src/security/signature-bundle.ts'
import { connectionIn, sessionOf } from './fakes.ts'

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const jwk = publicJwkOf(privateKey)
const thumbprint = thumbprintOf(jwk)

function message(to: string, id: string, content = '{}'): SignedMessage {
  const fields = { from: 'ann', to, clientMsgId: id, createTime: 5, msgType: 'T', content }
  const { Signature } = signMessage('PS256', privateKey, thumbprint, fields)
  return {
    to,
    callbackId: id,
    frame: Buffer.from(`\u0002${id}\u0003`),
    facts: { id, time: 5, key: thumbprint },
    item: { alg: 'PS256', modulus: jwk.n, signature: Signature, ...fields },
  }
}

t.test('messages to one receiver go as one, with their signatures in their order', async (t) => {
  const sent: RelaySignedMessage[] = []
  const runs = new SignedRuns((run) => sent.push(run))
  const session = sessionOf('ann')
  const connection = connectionIn({ kind: 'session', session })
  t.ok(runs.isEmpty())
  for (const [to, id] of [
    ['bob', '1'],
    ['bob', '2'],
    ['cid', '3'],
  ] as const) {
    runs.add(connection, session, message(to, id))
  }
  t.notOk(runs.isEmpty())
  runs.flush()
  runs.flush()
  t.ok(runs.isEmpty())
  t.match(sent, [
    { connection: 7, to: 'bob', items: [{ id: '1', callbackId: '1', byteCount: 3 }, { id: '2' }] },
    { to: 'cid', items: [{ id: '3', key: thumbprint, time: 5 }] },
  ])
  t.equal(sent[0]?.frames.toString(), '\u00021\u0003\u00022\u0003')
  for (const { bundle, items } of sent) {
    t.same(
      [...verifyBundle(bundle, new SenderKeyCache())],
      items.map(() => 1),
    )
  }
  t.equal(
    session.unverified.bytes(),
    sent.reduce((sum, { frames, bundle }) => sum + frames.length + bundle.length, 0),
  )
})

t.test('a run has so many messages, and so many bytes', async (t) => {
  const sent: RelaySignedMessage[] = []
  const runs = new SignedRuns((run) => sent.push(run))
  const session = sessionOf('ann')
  const connection = connectionIn({ kind: 'session', session })
  const one = message('bob', '1')
  for (let count = 0; count < 65; count++) runs.add(connection, session, one)
  t.same(
    sent.map(({ items }) => items.length),
    [64],
  )
  runs.flush()
  sent.length = 0
  const large = { ...one, frame: Buffer.alloc(100_000), item: { ...one.item, content: 'x'.repeat(100_000) } }
  for (let count = 0; count < 3; count++) runs.add(connection, session, large)
  runs.flush()
  t.ok(sent.length > 1, `${sent.length} runs`)
})

t.test('a message alone has a bundle alone', async (t) => {
  const runs = new SignedRuns(() => {})
  t.same([...verifyBundle(runs.bundleOf(message('', '1').item), new SenderKeyCache())], [1])
})
