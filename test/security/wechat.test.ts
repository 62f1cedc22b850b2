import { createHash } from 'node:crypto'
import t from 'tap'
import { Secret } from '../../src/security/secret.ts'
import { isWeChatSign, readWeChatToken, signWeChat, verifyWeChat } from '../../src/security/wechat.ts'

const token = readWeChatToken('weixin') ?? new Secret(new Uint8Array())

t.test('the signature is SHA-1 over token, timestamp and nonce, sorted and run together', async (t) => {
  const sign = signWeChat(token, 1_409_735_669, 'xxxxxx')
  t.strictSame(sign, {
    Alg: 'WECHAT-SHA1',
    Timestamp: '1409735669',
    Nonce: 'xxxxxx',
    Signature: createHash('sha1').update('1409735669weixinxxxxxx').digest('hex'),
  })
  t.ok(isWeChatSign(sign))
  t.ok(verifyWeChat(sign, token))
})

t.test('parts are sorted by their bytes: digits, capitals, small letters', async (t) => {
  const { Signature } = signWeChat(token, 1_409_735_669, 'Xyz')
  t.equal(Signature, createHash('sha1').update('1409735669Xyzweixin').digest('hex'))
})

t.test('another token, time, nonce or signature is bad', async (t) => {
  const sign = signWeChat(token, 1_409_735_669, 'xxxxxx')
  t.notOk(verifyWeChat(sign, new Secret(Buffer.from('weixi'))))
  t.notOk(verifyWeChat({ ...sign, Timestamp: '1409735668' }, token))
  t.notOk(verifyWeChat({ ...sign, Nonce: 'xxxxxy' }, token))
  t.notOk(verifyWeChat({ ...sign, Signature: sign.Signature.replace(/^./, (c) => (c === '0' ? '1' : '0')) }, token))
  t.notOk(verifyWeChat({ ...sign, Signature: '' }, token))
  t.notOk(verifyWeChat({ ...sign, Signature: `${sign.Signature}00` }, token))
})

t.test('the formats are strict', async (t) => {
  const sign = signWeChat(token, 1_409_735_669, 'xxxxxx')
  const bad: unknown[] = [
    null,
    [],
    { ...sign, Alg: 'SHA1' },
    { ...sign, Timestamp: 1_409_735_669 },
    { ...sign, Timestamp: '140973566' },
    { ...sign, Timestamp: '14097356690' },
    { ...sign, Timestamp: '0409735669' },
    { ...sign, Timestamp: '1409735669\n' },
    { ...sign, Nonce: '' },
    { ...sign, Nonce: 'x'.repeat(65) },
    { ...sign, Nonce: 'a b' },
    { ...sign, Nonce: 'a\n' },
    { ...sign, Signature: sign.Signature.toUpperCase() },
    { ...sign, Signature: sign.Signature.slice(1) },
    { ...sign, Signature: `${sign.Signature}\n` },
    { ...sign, Body: 'x' },
  ]
  for (const value of bad) t.notOk(isWeChatSign(value), JSON.stringify(value))
  t.throws(() => signWeChat(token, 1, 'xxxxxx'), RangeError)
  t.throws(() => signWeChat(token, 1_409_735_669, ''), RangeError)
})

t.test('a token has 3 to 32 letters and digits', async (t) => {
  for (const good of ['abc', 'A1'.repeat(16)]) t.ok(readWeChatToken(good) instanceof Secret, good)
  for (const bad of ['', 'ab', 'a'.repeat(33), 'ab-c', 'abc\n', 'äbc']) t.equal(readWeChatToken(bad), undefined, bad)
})
