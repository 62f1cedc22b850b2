import fc from 'fast-check'
import t from 'tap'
import { type MessageFields, signMessage, verifyMessage } from '../../src/security/message-signature.ts'
import {
  SenderKeyCache,
  SignatureBundleWriter,
  type SignatureItem,
  verifyBundle,
} from '../../src/security/signature-bundle.ts'
import { vectorKey } from '../vectors/vector-files.ts'

const alice = vectorKey('alice')
const bob = vectorKey('bob')
const fields = {
  from: 'alice',
  to: 'bob',
  clientMsgId: 'm-1',
  createTime: 1_700_000_000,
  msgType: 'TextMsgRequest',
  content: '{"Message":"你好 \\"x\\""}',
}

function itemOf(changes: Partial<SignatureItem> = {}, alg: 'PS256' | 'RS256' = 'PS256'): SignatureItem {
  const { Signature } = signMessage(alg, alice.privateKey, alice.thumbprint, fields)
  return { ...fields, alg, modulus: alice.jwk.n, signature: Signature, ...changes }
}

function verdictsOf(items: readonly SignatureItem[]): number[] {
  const writer = new SignatureBundleWriter()
  for (const item of items) writer.add(item)
  return [...verifyBundle(writer.take(), new SenderKeyCache())]
}

t.test('good signatures are found good, of every form', async (t) => {
  const json = Buffer.from(JSON.stringify(fields.content))
  const escaped = Buffer.from(JSON.stringify(fields.content).replaceAll(/[^\x20-\x7e]/g, (c) => `\\u${hex(c)}`))
  const items = [itemOf(), itemOf({ content: json }), itemOf({ content: escaped }), itemOf({}, 'RS256')]
  t.strictSame(verdictsOf(items), [1, 1, 1, 1])
})

t.test('bad ones are found bad, and harm no other', async (t) => {
  const bad: SignatureItem[] = [
    itemOf({ from: 'alicf' }),
    itemOf({ to: '' }),
    itemOf({ clientMsgId: 'm-2' }),
    itemOf({ clientMsgId: '' }),
    itemOf({ createTime: 1 }),
    itemOf({ createTime: 1.5 }),
    itemOf({ msgType: '' }),
    itemOf({ content: '' }),
    itemOf({ content: Buffer.alloc(0) }),
    itemOf({ content: Buffer.from('"') }),
    itemOf({ content: Buffer.from(fields.content) }),
    itemOf({ content: Buffer.from('"\\ud800"') }),
    itemOf({ content: Buffer.from('"\\"') }),
    itemOf({ content: '\ud800' }),
    itemOf({ alg: 'RS256' }),
    itemOf({ signature: '' }),
    itemOf({ signature: 'A'.repeat(342) }),
    itemOf({ signature: `${itemOf().signature}=` }),
    itemOf({ modulus: bob.jwk.n }),
    itemOf({ modulus: 'AQAB' }),
    itemOf({ modulus: '' }),
  ]
  t.strictSame(
    verdictsOf(bad.flatMap((item) => [item, itemOf()])),
    bad.flatMap(() => [0, 1]),
  )
})

t.test('a lone surrogate is not the character that UTF-8 would put for it', async (t) => {
  const changed: MessageFields = { ...fields, content: '\ufffd', clientMsgId: 'a\ufffd' }
  const { Signature: signature } = signMessage('PS256', alice.privateKey, alice.thumbprint, changed)
  const item = { ...itemOf(), signature, content: '\ufffd', clientMsgId: 'a\ufffd' }
  t.strictSame(
    verdictsOf([
      item,
      { ...item, content: Buffer.from('"\\ufffd"') },
      { ...item, content: Buffer.from('"\\ud800"') },
      { ...item, content: '\ud800' },
      { ...item, clientMsgId: 'a\ud800' },
    ]),
    [1, 1, 0, 0, 0],
  )
})

t.test('it says what verifyMessage says, whatever the text', async (t) => {
  const text = fc.string({ unit: 'binary', maxLength: 40 })
  fc.assert(
    fc.property(text, text, text, text, text, fc.nat(), fc.boolean(), (from, to, id, type, content, time, asJson) => {
      const message = { from, to, clientMsgId: `x${id}`, createTime: time, msgType: type, content }
      const sign = signMessage('PS256', alice.privateKey, alice.thumbprint, message)
      const packed = asJson ? Buffer.from(JSON.stringify(content)) : content
      const item = {
        ...message,
        alg: 'PS256',
        modulus: alice.jwk.n,
        signature: sign.Signature,
        content: packed,
      } as const
      const expected = verifyMessage(sign, alice.publicKey, message) ? 1 : 0
      const [verdict] = verdictsOf([item])
      if (expected !== 1 || verdict !== 1) throw new Error(`${expected} ${verdict}`)
    }),
    { numRuns: 100 },
  )
  t.pass()
})

t.test('a writer is empty after take, and takes large messages', async (t) => {
  const writer = new SignatureBundleWriter()
  const content = 'x'.repeat(1_000_000)
  const { Signature: signature } = signMessage('PS256', alice.privateKey, alice.thumbprint, { ...fields, content })
  t.equal(writer.add(itemOf()), 0)
  t.equal(writer.add({ ...itemOf(), signature, content }), 1)
  t.equal(writer.count, 2)
  t.ok(writer.bytes > 1_000_000)
  const cache = new SenderKeyCache()
  const bundle = writer.take()
  t.equal(bundle.byteLength, bundle.buffer.byteLength, 'may be moved to another thread')
  t.strictSame([...verifyBundle(bundle, cache)], [1, 1])
  t.equal(writer.count, 0)
  t.equal(writer.bytes, 0)
  t.strictSame([...verifyBundle(writer.take(), cache)], [])
  writer.add(itemOf({ modulus: bob.jwk.n }))
  t.strictSame([...verifyBundle(writer.take(), cache)], [0], 'no key is left over')
})

t.test('bytes that no writer made are refused', async (t) => {
  const writer = new SignatureBundleWriter()
  writer.add(itemOf())
  const bundle = writer.take()
  const cache = new SenderKeyCache()
  for (const length of [0, 1, 5, 100, bundle.length - 1]) {
    t.throws(() => verifyBundle(bundle.subarray(0, length), cache), RangeError, `${length} bytes`)
  }
  t.throws(() => verifyBundle(Buffer.concat([bundle, Buffer.alloc(1)]), cache), RangeError)
})

t.test('a cache of keys has a limit, and remembers bad keys too', async (t) => {
  const cache = new SenderKeyCache(2)
  const first = cache.get(alice.jwk.n)
  t.ok(first)
  t.equal(cache.get(alice.jwk.n), first)
  t.equal(cache.get('bad'), undefined)
  t.ok(cache.get(bob.jwk.n))
  t.not(cache.get(alice.jwk.n), first, 'the oldest had left')
})

function hex(character: string): string {
  return character.charCodeAt(0).toString(16).padStart(4, '0')
}
