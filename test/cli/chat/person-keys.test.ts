import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import t, { type Test } from 'tap'
import { runChat } from '../../../src/cli/chat/chat.ts'
import { fingerprintBlocks } from '../../../src/security/fingerprint-blocks.ts'
import { publicJwkOf, thumbprintOf } from '../../../src/security/jwk.ts'
import { KeyServer } from '../../client/key-server.ts'
import { SealedServer, ServerKeys } from '../../client/sealed-server.ts'
import { Terminal } from './terminal.ts'

const serverKeys = new ServerKeys()
const newKey = (): KeyObject => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
const deviceKeys = [newKey(), newKey(), newKey()] as const
const blocks = deviceKeys.map((key) => fingerprintBlocks(thumbprintOf(publicJwkOf(key))))

interface Scene {
  readonly server: SealedServer
  readonly keys: KeyServer
  /** Begins a chat. */
  join(
    user: string,
    device: 0 | 1 | 2,
    options?: { readonly json?: boolean; readonly endToEnd?: boolean },
  ): Promise<Terminal>
}

async function start(t: Test): Promise<Scene> {
  const server = await SealedServer.tcp({ keys: serverKeys })
  const keys = new KeyServer(serverKeys)
  server.script = keys.script
  t.teardown(() => server.close())
  return {
    server,
    keys,
    join: async (userId, device, { json = false, endToEnd = true } = {}) => {
      const terminal = new Terminal()
      const { input, output, errorOutput } = terminal
      const exit = runChat({
        connection: { url: server.url, seal: { key: deviceKeys[device], pin: serverKeys.thumbprint } },
        credentials: { userId, password: 'p' },
        input,
        output,
        errorOutput,
        json,
        endToEnd,
        deviceName: `device ${device}`,
        interactive: false,
        colour: false,
      })
      t.teardown(async () => {
        terminal.end()
        await exit
      })
      await terminal.until(json ? /connected/ : /Online \(1\): bob/)
      return terminal
    },
  }
}

t.test(
  'a chat that is end to end: the device is enrolled, the server reads nothing, others are told from it',
  async (t) => {
    const { server, keys, join } = await start(t)
    const alice = await join('alice', 0)
    t.match(alice.printed, `The session is sealed. The server: ${fingerprintBlocks(serverKeys.thumbprint)}`)
    t.match(alice.printed, `The key of this device was enrolled: ${blocks[0]}`)
    const bob = await join('bob', 1)
    alice.type('@bob top secret')
    await bob.until(/alice \[e2e\]: top secret/)
    t.notMatch(JSON.stringify(server.received), 'top secret')
    alice.type('/all hear me')
    await alice.until(/Nothing goes to all/)
    alice.type('@carol hello')
    await alice.until(/carol has no enrolled key/)
    t.strictSame(
      server.received.filter(({ MsgType }) => /Text|Broadcast/.test(MsgType)),
      [],
    )
    const carol = await join('carol', 2, { endToEnd: false })
    carol.type('@bob in plain')
    await bob.until(/carol \[not e2e\]: in plain/)
    t.equal(keys.of('carol').entries.length, 0)
  },
)

t.test('a second device asks, is shown with its fingerprint, and is approved by its number', async (t) => {
  const { keys, join } = await start(t)
  const phone = await join('alice', 0)
  const laptop = await join('alice', 1)
  await laptop.until(/waits for approval/)
  t.match(laptop.printed, blocks[1])
  await phone.until(/wants to read what is sent to you/)
  phone.type('/approve')
  await phone.until(new RegExp(`1\\. device 1: ${blocks[1]}`))
  phone.type('/approve 2')
  phone.type('/approve 1')
  await phone.until(/device 1 was approved/)
  t.equal(keys.of('alice').log.keys.size, 2)
  phone.type('/keys')
  await phone.until(new RegExp(`device 0 \\(this device\\): ${blocks[0]}\n.*device 1: ${blocks[1]}`))
  phone.type('/approve')
  await phone.until(/No key has asked/)
})

t.test('safety numbers are compared, and a new device of a verified user is not overlooked', async (t) => {
  const { keys, join } = await start(t)
  const alice = await join('alice', 0)
  const bob = await join('bob', 1)
  alice.type('/safety bob ok')
  await alice.until(/First look at it/)
  alice.type('/safety bob')
  await alice.until(/the same on both sides/)
  bob.type('/safety @alice')
  await bob.until(/the same on both sides/)
  const numberIn = (printed: string): string => printed.match(/\d{5} \d{5} \d{5} \d{5}/g)?.join(' ') ?? ''
  t.match(numberIn(alice.printed), /^(\d{5} ){11}\d{5}$/)
  t.equal(numberIn(alice.printed), numberIn(bob.printed))
  alice.type('/safety bob ok')
  await alice.until(/bob is verified/)
  bob.type('@alice hi')
  await alice.until(/bob \[e2e, verified\]: hi/)
  keys.append(
    'bob',
    { Key: publicJwkOf(deviceKeys[2]), DeviceId: 'evil\x1b[2J' },
    { ApprovedBy: 'operator', Server: '', Signature: '' },
  )
  alice.type('/keys bob')
  await alice.until(/Not verified/)
  t.match(alice.printed, /! bob has a new device, evil␛\[2J/)
  t.match(alice.printed, /! The safety number with bob has changed/)
  t.notMatch(alice.printed, '\x1b')
})

t.test('mistakes are told, and so is what needs a sealed session', async (t) => {
  const { join } = await start(t)
  const alice = await join('alice', 0)
  alice.type('/revoke nonsense')
  await alice.until(/Type \/revoke FINGERPRINT/)
  alice.type('/forget bob')
  await alice.until(/is forgotten/)
  alice.type('/keys nobody')
  await alice.until(/nobody has no enrolled key/)
})

t.test('a script speaks end to end, and nothing else', async (t) => {
  const { server, join } = await start(t)
  const alice = await join('alice', 0, { json: true })
  const bob = await join('bob', 1, { json: true })
  await bob.until(/enrolment/)
  alice.type('{"do":"send","to":"bob","message":"secret","id":1}')
  await bob.until(/secret/)
  t.match(bob.events.at(-1), {
    event: 'message',
    from: 'alice',
    content: { Message: 'secret' },
    endToEnd: { deviceId: 'device 0' },
  })
  alice.type('{"do":"sendMessage","to":"bob","type":"Own","content":{"a":1},"id":2}')
  await bob.until(/Own/)
  alice.type('{"do":"broadcast","message":"x","id":3}')
  alice.type('{"do":"request","type":"Own","content":{},"to":"bob","id":4}')
  await alice.until(/"id":4/)
  for (const id of [3, 4]) {
    t.match(
      alice.events.find((event) => event['id'] === id),
      { ok: false, code: 'bad_argument' },
    )
  }
  t.notMatch(JSON.stringify(server.received), 'secret')
})
