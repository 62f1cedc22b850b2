/** The server is killed again and again under load: nothing that was answered is lost, comes twice or out of order. */
import { once } from 'node:events'
import t from 'tap'
import { openLocalStore } from '../../src/store/local-store.ts'
import { hashPassword } from '../../src/workers/password.ts'
import { TcpClient } from '../system/support/tcp-client.ts'
import type { Received } from '../system/support/wire-client.ts'
import { idOf, Ledger, type MessageName, nameIn, textOf } from './support/ledger.ts'
import { type ServerProcess, startServerProcess } from './support/server-process.ts'

const kills = Number(process.env['KILLS'] ?? 50)
const people = ['amy', 'bob', 'cat', 'dan']
const inFlightMax = 64
const readyMsMax = 3000
const password = 'correct horse battery'

/** One person with one device, whose program lives on while the server dies. */
class Talker {
  readonly user: string
  readonly #ledger: Ledger
  readonly #others: readonly string[]
  #client: TcpClient | undefined
  #token: string | undefined
  #place: { Epoch: string; Seq: number } | undefined
  #acknowledged = ''
  /** In the order in which they were sent first; those that have no answer. */
  readonly #open = new Map<string, MessageName>()
  readonly #seen = new Set<string>()
  #turn = 0
  isSending = true

  constructor(user: string, ledger: Ledger) {
    this.user = user
    this.#ledger = ledger
    this.#others = people.filter((other) => other !== user)
    ledger.addDevice({ user, device: 'phone' })
  }

  async connect(port: number): Promise<void> {
    const client = await TcpClient.connect(port)
    client.onMessage = (message) => this.#take(message)
    const secret = this.#token === undefined ? { Password: password } : { Token: this.#token }
    const resume = this.#place === undefined ? {} : { Resume: this.#place }
    const login = new Promise<Received>((resolve) => {
      this.#onLogin = resolve
    })
    client.send('AuthRequest', { UserId: this.user, ...secret, DeviceId: 'phone', Ack: true, ...resume })
    const { content } = await Promise.race([
      login,
      client.ended(20_000).then(() => {
        throw new Error('the connection ended')
      }),
    ])
    if (content.Success !== true) throw new Error(`${this.user} could not log in: ${content.Code}`)
    this.#token = content.Token
    this.#client = client
    for (const name of this.#open.values()) this.#post(name)
    this.pump()
  }

  #onLogin: (message: Received) => void = () => {}

  pump(): void {
    while (this.isSending && this.#client !== undefined && this.#open.size < inFlightMax) {
      const name = this.#ledger.send(this.user, this.#others[this.#turn++ % this.#others.length] as string)
      this.#open.set(idOf(name), name)
      this.#post(name)
    }
  }

  #post(name: MessageName): void {
    const id = idOf(name)
    this.#client?.send(
      'TextMsgRequest',
      { Message: textOf(name) },
      { ToUserId: name.to, ClientMsgId: id, CallbackID: id },
    )
  }

  leave(): void {
    this.#client?.destroy()
    this.#client = undefined
  }

  get openCount(): number {
    return this.#open.size
  }

  #take(message: Received): 'kept' {
    const { envelope, content } = message
    if (envelope.MsgType === 'AuthResponse') this.#onLogin(message)
    else if (envelope.MsgType === 'CommonResponse') this.#hear(envelope.CallbackID ?? '', content)
    else if (envelope.MsgType === 'TextMsgRequest') this.#show(message)
    return 'kept'
  }

  #hear(callbackId: string, { Data, Code }: Received['content']): void {
    const name = this.#open.get(callbackId)
    if (name === undefined) return
    this.#open.delete(callbackId)
    const status = Data?.['Status']
    if (status === 'delivered' || status === 'stored' || status === 'sent') this.#ledger.answered(name, status)
    else this.#ledger.rejected(name, Code ?? 'none')
    this.pump()
  }

  #show({ envelope, content }: Received): void {
    const text = content.Message ?? ''
    const name = nameIn(text)
    const id = `${envelope.FromUserId} ${envelope['ClientMsgId']}`
    // What the SDK does: the same message of the same sender is shown once.
    if (name === undefined || !this.#seen.has(id)) {
      this.#ledger.shown({ user: this.user, device: 'phone' }, envelope.FromUserId ?? '', text)
    }
    this.#seen.add(id)
    this.#place = { Epoch: String(envelope['Epoch']), Seq: Number(envelope['Seq']) }
    setImmediate(() => this.#acknowledge())
  }

  #acknowledge(): void {
    const place = JSON.stringify(this.#place)
    if (place === this.#acknowledged) return
    this.#acknowledged = place
    this.#client?.send('AckRequest', this.#place)
  }
}

function random(from: number, to: number): number {
  return from + Math.random() * (to - from)
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms))
}

t.setTimeout(600_000)

t.test(`${kills} times SIGKILL under load`, async (t) => {
  const dataDir = t.testdir()
  const store = openLocalStore({ dataDir })
  const passwordHash = await hashPassword(password, { memoryKib: 19_456, passes: 2 })
  for (const userId of ['operator', ...people]) await store.call('addAccount', { userId, passwordHash, role: 'user' })
  store.close()
  const flags = {
    PARLEY_DATA_DIR: dataDir,
    PARLEY_PORT: '0',
    PARLEY_WS_PORT: '0',
    PARLEY_USER_MESSAGES_PER_SECOND: '0',
    PARLEY_INBOX_MESSAGES_MAX: '1000000',
    PARLEY_INBOX_BYTES_MAX: '1073741824',
    PARLEY_ACK_WAIT_MS: '200',
    PARLEY_DRAIN_TIMEOUT_MS: '20000',
  }
  const ledger = new Ledger()
  const talkers = people.map((user) => new Talker(user, ledger))
  let slowest = 0
  const start = async (): Promise<ServerProcess> => {
    const begun = performance.now()
    const server = await startServerProcess(flags)
    slowest = Math.max(slowest, performance.now() - begun)
    return server
  }
  let server = await start()
  for (let kill = 0; kill < kills; kill++) {
    // Somebody is away now and then, so that messages are stored.
    const absent = kill % 3 === 0 ? talkers[kill % talkers.length] : undefined
    for (const talker of talkers) if (talker !== absent) await talker.connect(server.port)
    await pause(random(20, 900))
    if (absent !== undefined && kill % 2 === 0) await absent.connect(server.port)
    await pause(random(0, 300))
    const exited = once(server.child, 'exit')
    server.child.kill('SIGKILL')
    await exited
    for (const talker of talkers) talker.leave()
    server = await start()
  }
  for (const talker of talkers) {
    talker.isSending = false
    await talker.connect(server.port)
  }
  const deadline = performance.now() + 60_000
  while ((ledger.openCount > 0 || ledger.owedCount() > 0) && performance.now() < deadline) await pause(50)
  for (const talker of talkers) talker.leave()
  await server.stop()
  t.comment(
    `${ledger.answeredCount} answered: ${JSON.stringify(ledger.answers)}, rejected ${JSON.stringify(ledger.rejections)}`,
  )
  t.comment(`slowest start ${Math.round(slowest)} ms`)
  t.strictSame(ledger.faults().slice(0, 10), [], 'nothing is lost, comes twice or out of order')
  t.equal(ledger.openCount, 0, `everything has an answer: ${ledger.openNames(5).join(', ')}`)
  t.ok(slowest < readyMsMax, `every start took less than ${readyMsMax} ms`)
})
