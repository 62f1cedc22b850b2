import { createHmac, hkdfSync } from 'node:crypto'
import t from 'tap'
import { resumptionInputKey, ticketMac } from '../../src/security/resumption.ts'
import { Secret } from '../../src/security/secret.ts'
import { signedText } from '../../src/security/signed-text.ts'

const secret = Buffer.alloc(32, 1)

t.test('the MAC is over the offer and the frame, under a key of its own', async (t) => {
  const key = Buffer.from(hkdfSync('sha256', secret, Buffer.alloc(0), 'parley ticket mac v1', 32))
  const text = signedText('parley resumption v1', Buffer.from('offer'), Buffer.from('terminal'))
  const expected = createHmac('sha256', key).update(text).digest()
  t.strictSame(ticketMac(new Secret(secret), Buffer.from('offer'), Buffer.from('terminal')), expected)
  t.notSame(ticketMac(new Secret(secret), Buffer.from('offert'), Buffer.from('erminal')), expected)
  t.notSame(ticketMac(new Secret(Buffer.alloc(32, 2)), Buffer.from('offer'), Buffer.from('terminal')), expected)
})

t.test('the input of the keys is secret, nonces and what was agreed, in this order', async (t) => {
  const parts = { clientNonce: Buffer.alloc(32, 2), serverNonce: Buffer.alloc(32, 3), agreed: Buffer.alloc(32, 4) }
  const input = resumptionInputKey({ resumptionSecret: new Secret(secret), ...parts })
  t.strictSame(input, Buffer.concat([1, 2, 3, 4].map((value) => Buffer.alloc(32, value))))
})
