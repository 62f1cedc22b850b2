import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import t, { type Test } from 'tap'
import { Mailbox, type MailboxEnd } from '../../src/mailbox/mailbox.ts'
import { KIND_PACKED } from '../../src/mailbox/record.ts'
import { readRouterMessage } from '../../src/mailbox/router-codec.ts'
import { AcceptorThread } from '../../src/server/acceptor-thread.ts'
import { acceptorOptions } from '../../src/server/thread-options.ts'
import { within } from '../system/support/deadline.ts'
import { settingsForTests } from './settings-for-tests.ts'

t.setTimeout(60_000)

class Supervised {
  readonly thread: AcceptorThread
  readonly replacedBy: string[] = []
  readonly givenUp: Promise<string>
  #mailbox: Mailbox
  #onReplaced: (cause: string) => void = () => {}
  #listening = 0
  #wakers: (() => void)[] = []

  constructor(t: Test, changes: Readonly<Record<string, string>> = {}) {
    const options = acceptorOptions(settingsForTests(t.testdir(), changes), 100, Buffer.alloc(32))
    let giveUp: (cause: string) => void = () => {}
    this.givenUp = new Promise((resolve) => {
      giveUp = resolve
    })
    this.thread = new AcceptorThread(
      { index: 0, ...options },
      { toRouterBytes: 2 ** 20, toAcceptorBytes: 2 ** 20 },
      {
        replaced: (end, cause) => {
          this.#mailbox.close()
          this.#mailbox = this.#open(end)
          this.replacedBy.push(cause)
          this.#onReplaced(cause)
        },
        givenUp: giveUp,
      },
    )
    this.#mailbox = this.#open(this.thread.firstEnd)
    t.teardown(async () => {
      await this.thread.stop()
      this.#mailbox.close()
    })
  }

  #open(end: MailboxEnd): Mailbox {
    const mailbox: Mailbox = new Mailbox(end, {
      record: (kind, offset, payloadBytes) => {
        const message = readRouterMessage(mailbox.inbox, kind, offset, payloadBytes)
        if (message.kind === 'event') {
          if (message.event.name === 'listening') this.#listening++
          this.thread.onEvent(message.event)
        }
        return true
      },
      batchEnd: () => {
        const wakers = this.#wakers
        this.#wakers = []
        for (const wake of wakers) wake()
      },
      space: () => {},
      closed: () => {},
    })
    return mailbox
  }

  /** Makes the thread die: a record that can't be read breaks an assumption, and that ends a thread. */
  async kill(): Promise<void> {
    const replaced = new Promise<string>((resolve) => {
      this.#onReplaced = resolve
    })
    const { outbox } = this.#mailbox
    const offset = outbox.reserve(1)
    // MessagePack for null, which is no message.
    outbox.bytes[offset] = 0xc0
    outbox.commit(KIND_PACKED, 1)
    this.#mailbox.publish()
    await within(Promise.race([replaced, this.givenUp]), 'the end of the thread')
  }

  /** Resolves when so many listeners have begun to listen in all. */
  async listened(count: number): Promise<void> {
    const hold = async (): Promise<void> => {
      while (this.#listening < count) await new Promise<void>((resolve) => this.#wakers.push(resolve))
    }
    await within(hold(), `${count} listeners`)
  }
}

t.test('a thread that dies is replaced by one that listens at the same ports', async (t) => {
  const supervised = new Supervised(t)
  const addresses = await within(supervised.thread.listening(), 'listening')
  t.strictSame(addresses.map(({ listener }) => listener).sort(), ['tcp', 'ws'])
  const port = addresses.find(({ listener }) => listener === 'tcp')?.port ?? 0
  t.ok(port > 0)
  await supervised.kill()
  t.match(supervised.replacedBy, [/\w/])
  await supervised.listened(4)
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.destroy()
  t.equal(addresses.length, 2, 'the addresses are those of the start')
})

t.test('one that dies again and again is given up', async (t) => {
  const supervised = new Supervised(t)
  await within(supervised.thread.listening(), 'listening')
  for (let death = 1; death <= 6; death++) {
    await supervised.kill()
    if (death < 6) await supervised.listened(2 + 2 * death)
  }
  t.match(await within(supervised.givenUp, 'giving up'), /\w/)
  t.equal(supervised.replacedBy.length, 5)
})

t.test('a port that is taken rejects the start with a sentence', async (t) => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as { port: number }
  const supervised = new Supervised(t, { PORT: String(port) })
  await t.rejects(within(supervised.thread.listening(), 'listening'), { code: 'port_taken', message: /PARLEY_PORT/ })
})

t.test('one that can not listen where the dead one did is no use: it is given up with the reason', async (t) => {
  const supervised = new Supervised(t)
  const addresses = await within(supervised.thread.listening(), 'listening')
  const port = addresses.find(({ listener }) => listener === 'tcp')?.port ?? 0
  const killed = supervised.kill()
  // As soon as the port is free, somebody else takes it.
  const thief = createServer()
  t.teardown(() => thief.close())
  await killed
  thief.listen(port, '127.0.0.1')
  await once(thief, 'listening')
  t.match(await within(supervised.givenUp, 'giving up'), /taken/)
})

t.test('stop ends the thread for good', async (t) => {
  const supervised = new Supervised(t)
  await within(supervised.thread.listening(), 'listening')
  await supervised.thread.stop()
  await supervised.thread.stop()
  t.strictSame(supervised.replacedBy, [])
})
