import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { readDeviceKey } from '../../src/client/device-key.ts'
import type { Directory } from '../../src/client/directory.ts'
import { ParleyError } from '../../src/client/errors.ts'
import { type IncomingMessage, readMessage } from '../../src/client/message.ts'
import { checkSignature, signByKey } from '../../src/client/signing.ts'

const key = readDeviceKey(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey)
const other = readDeviceKey(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey)
const enrolled = { thumbprint: key.thumbprint, key: key.publicJwk, deviceId: 'phone' }
const directory = { log: async () => ({ keys: new Map([[key.thumbprint, enrolled]]) }) } as unknown as Directory

const fields = { from: 'alice', to: 'bob', clientMsgId: 'm', createTime: 5, msgType: 'Own', content: '{"a":1}' }

function message(sign: unknown, changes: object = {}): IncomingMessage {
  const envelope = { FromUserId: 'alice', ToUserId: 'bob', ClientMsgId: 'm', CreateTime: 5, MsgType: 'Own' }
  const read = readMessage(JSON.stringify({ ...envelope, Content: '{"a":1}', Sign: sign, ...changes }))
  if (read instanceof ParleyError) throw read
  return read
}

t.test('a signature by an enrolled key is valid, over this message and for this receiver', async (t) => {
  const sign = signByKey(key, fields)
  t.strictSame(await checkSignature(message(sign), 'bob', directory), {
    kind: 'valid',
    thumbprint: key.thumbprint,
    deviceId: 'phone',
  })
  for (const changes of [
    { Content: '{"a":2}' },
    { ClientMsgId: 'n' },
    { CreateTime: 6 },
    { MsgType: 'Other' },
    { ToUserId: 'carol' },
  ]) {
    t.match(
      await checkSignature(message(sign, changes), 'bob', directory),
      { kind: 'invalid' },
      JSON.stringify(changes),
    )
  }
  t.match(await checkSignature(message(sign), 'carol', directory), { kind: 'invalid' })
})

t.test('none, another key, and forms that are not known', async (t) => {
  t.strictSame(await checkSignature(message(undefined), 'bob', directory), { kind: 'none' })
  t.match(await checkSignature(message(signByKey(other, fields)), 'bob', directory), {
    kind: 'invalid',
    reason: /enrolled/,
  })
  for (const sign of [null, 'x', {}, { Alg: 'none' }]) {
    t.match(await checkSignature(message(sign), 'bob', directory), { kind: 'invalid' }, JSON.stringify(sign))
  }
})

t.test('what was signed for the server counts for nobody but in a broadcast', async (t) => {
  const toServer = signByKey(key, { ...fields, to: '' })
  t.match(await checkSignature(message(toServer, { ToUserId: undefined }), 'bob', directory), { kind: 'invalid' })
  const content = '{"Message":"x"}'
  const broadcast = signByKey(key, { ...fields, to: '', msgType: 'BroadcastRequest', content })
  const came = message(broadcast, { ToUserId: undefined, MsgType: 'BroadcastRequest', Content: content })
  t.match(await checkSignature(came, 'bob', directory), { kind: 'valid' })
})

t.test('a message without an id can’t be signed', async (t) => {
  t.throws(() => signByKey(key, { ...fields, clientMsgId: undefined }), { code: 'bad_argument' })
})
