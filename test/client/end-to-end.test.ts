import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { type DeviceKey, readDeviceKey } from '../../src/client/device-key.ts'
import type { Directory } from '../../src/client/directory.ts'
import { EndToEnd } from '../../src/client/end-to-end.ts'
import { ParleyError } from '../../src/client/errors.ts'
import { type IncomingMessage, readMessage } from '../../src/client/message.ts'

const alice = readDeviceKey(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey)
const bob = readDeviceKey(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey)

/** A directory of one key a user; a log that is not fresh may lack it. */
function directoryOf(keys: Record<string, DeviceKey>, isStale = false): Directory {
  const log = async (userId: string, how = 'usual') => {
    const key = isStale && how === 'usual' ? undefined : keys[userId]
    const entries =
      key === undefined
        ? []
        : [[key.thumbprint, { thumbprint: key.thumbprint, key: key.publicJwk, deviceId: `${userId}'s` }] as const]
    return { userId, keys: new Map(entries) }
  }
  return { log, keysOf: async () => ({ verified: false }) } as unknown as Directory
}

const secret = {
  from: 'alice',
  to: 'bob',
  clientMsgId: 'm',
  createTime: 5,
  msgType: 'TextMsgRequest',
  content: { Message: 'hi' },
}

function incoming(content: object, changes: object = {}): IncomingMessage {
  const envelope = { FromUserId: 'alice', ClientMsgId: 'm', CreateTime: 5, MsgType: 'EndToEndMsgRequest' }
  const read = readMessage(JSON.stringify({ ...envelope, Content: JSON.stringify(content), ...changes }))
  if (read instanceof ParleyError) throw read
  return read
}

t.test('what one seals the other opens, once', async (t) => {
  const directory = directoryOf({ alice, bob })
  const sealed = await new EndToEnd(directory, alice).seal(secret)
  const receiver = new EndToEnd(directory, bob)
  t.match(await receiver.open(incoming(sealed), 'bob'), {
    type: 'TextMsgRequest',
    from: 'alice',
    content: { Message: 'hi' },
    endToEnd: { thumbprint: alice.thumbprint, deviceId: "alice's", verified: false },
  })
  t.equal(await receiver.open(incoming(sealed), 'bob'), undefined)
})

t.test('a key that is newer than what was read is looked for once more', async (t) => {
  const sealed = await new EndToEnd(directoryOf({ alice, bob }), alice).seal(secret)
  const receiver = new EndToEnd(directoryOf({ alice, bob }, true), bob)
  t.match(await receiver.open(incoming(sealed), 'bob'), { content: { Message: 'hi' } })
})

t.test('without one’s own enrolled key, or one of the receiver, nothing is sealed', async (t) => {
  await t.rejects(new EndToEnd(directoryOf({ bob }), alice).seal(secret), { code: 'key_required' })
  await t.rejects(new EndToEnd(directoryOf({ alice }), alice).seal(secret), { code: 'no_keys' })
})

t.test('what is not for this message, device or receiver is not opened', async (t) => {
  const directory = directoryOf({ alice, bob })
  const sealed = await new EndToEnd(directory, alice).seal(secret)
  const receiver = new EndToEnd(directory, bob)
  for (const changes of [{ ClientMsgId: 'n' }, { CreateTime: 6 }, { FromUserId: 'bob' }, { ClientMsgId: undefined }]) {
    await t.rejects(
      receiver.open(incoming(sealed, changes), 'bob'),
      { code: 'end_to_end_failed' },
      JSON.stringify(changes),
    )
  }
  await t.rejects(receiver.open(incoming(sealed), 'carol'), { code: 'end_to_end_failed' })
  await t.rejects(new EndToEnd(directory, alice).open(incoming(sealed), 'bob'), { code: 'end_to_end_failed' })
  await t.rejects(receiver.open(incoming({}), 'bob'), { code: 'end_to_end_failed' })
  const odd = await new EndToEnd(directory, alice).seal({ ...secret, clientMsgId: 'o', content: {} })
  await t.rejects(
    receiver.open(incoming(odd, { ClientMsgId: 'o' }), 'bob'),
    { code: 'end_to_end_failed' },
    'no text in a text',
  )
})
