import t, { type Test } from 'tap'
import { readAcceptorMessage } from '../../src/mailbox/acceptor-codec.ts'
import type { AcceptorMessage } from '../../src/mailbox/acceptor-messages.ts'
import { createMailboxPair, Mailbox, type MailboxEnd } from '../../src/mailbox/mailbox.ts'
import { writeRelay, writeRouterMessage } from '../../src/mailbox/router-codec.ts'
import type { AcceptorEvent, RelayMessage, RouterMessage } from '../../src/mailbox/router-messages.ts'
import { Sender } from '../../src/mailbox/sender.ts'
import type { LoginVerdict } from '../../src/router/events.ts'
import { type RouterServices, RouterShell } from '../../src/router/router-shell.ts'
import { within } from '../system/support/deadline.ts'
import { accepted, routerOptions, saidIn } from './router-world.ts'

t.setTimeout(20_000)

/** The acceptor's end of a mailbox, in the test's hand. */
class FakeAcceptor {
  readonly got: AcceptorMessage[] = []
  readonly end: MailboxEnd
  readonly #mailbox: Mailbox
  readonly #sender: Sender
  #takes = true
  #wakers: (() => void)[] = []

  constructor(toAcceptorBytes: number) {
    const pair = createMailboxPair({ toFirstBytes: 2 ** 22, toSecondBytes: toAcceptorBytes })
    this.end = pair.first
    this.#mailbox = new Mailbox(pair.second, {
      record: (kind, offset, payloadBytes) => {
        if (!this.#takes) return false
        const message = readAcceptorMessage(this.#mailbox.inbox, kind, offset, payloadBytes)
        this.got.push('frames' in message ? { ...message, frames: Buffer.from(message.frames) } : message)
        return true
      },
      batchEnd: () => {
        const wakers = this.#wakers
        this.#wakers = []
        for (const wake of wakers) wake()
      },
      space: () => {
        this.#sender.settle()
      },
      closed: () => {},
    })
    this.#sender = new Sender(this.#mailbox)
  }

  takes(takes: boolean): void {
    this.#takes = takes
    if (takes) this.#mailbox.resume()
  }

  send(message: Exclude<RouterMessage, RelayMessage>): void {
    if (!this.#sender.tryWrite((writer) => writeRouterMessage(writer, message))) {
      this.#sender.owe((writer) => writeRouterMessage(writer, message))
    }
    this.#sender.publish()
  }

  relay(connection: number, to: string, bytes: Buffer, callbackId?: string): void {
    const name = Buffer.from(to)
    const callbackIds = callbackId === undefined ? [] : [callbackId]
    const receiver = { to: name, toStart: 0, toEnd: name.length }
    const run = { connection, count: 1, ...receiver, callbackIds, bytes, start: 0, end: bytes.length }
    if (!this.#sender.tryWrite((writer) => writeRelay(writer, run)))
      this.#sender.owe((writer) => writeRelay(writer, run))
    this.#sender.publish()
  }

  login(connection: number, userId: string): void {
    const content = JSON.stringify({ UserId: userId, Password: 'x' })
    this.send({ kind: 'authenticate', connection, address: 'a', callbackId: undefined, content })
  }

  async until(condition: () => boolean, what: string): Promise<void> {
    const hold = async (): Promise<void> => {
      while (!condition()) await new Promise<void>((resolve) => this.#wakers.push(resolve))
    }
    await within(hold(), what, 8000)
  }

  of<Kind extends AcceptorMessage['kind']>(kind: Kind): Extract<AcceptorMessage, { kind: Kind }>[] {
    return this.got.filter((message): message is Extract<AcceptorMessage, { kind: Kind }> => message.kind === kind)
  }

  close(): void {
    this.#mailbox.close()
  }
}

const services: RouterServices = {
  loginAtOnce: () => undefined,
  login: async ({ userId }) => accepted(userId),
  changePassword: async () => ({ ok: true }),
  findUser: async () => 'unknown',
  ban: async () => undefined,
  exchangeKeys: async () => ({ ok: false, code: 'refused', detail: 'No.' }),
  verify: async () => undefined,
  pastRequest: async () => ({ kind: 'read', state: undefined }),
  remember: () => {},
  keyRequest: async () => ({ kind: 'refused', problem: { code: 'server_busy', message: 'No.' } }),
}

function start(
  t: Test,
  changes: Partial<RouterServices> = {},
  toAcceptorBytes = 2 ** 22,
): { shell: RouterShell; acceptor: FakeAcceptor; events: AcceptorEvent[] } {
  const acceptor = new FakeAcceptor(toAcceptorBytes)
  const events: AcceptorEvent[] = []
  const shell = new RouterShell({
    router: { ...routerOptions, pendingReceiptsMax: 100_000 },
    services: { ...services, ...changes },
    onAcceptorEvent: (_index, event) => events.push(event),
    onObserved: () => {},
    now: Date.now,
  })
  shell.addAcceptor(acceptor.end)
  t.teardown(() => {
    shell.close()
    acceptor.close()
  })
  return { shell, acceptor, events }
}

t.test('a login that need not wait is answered without the service that waits', async (t) => {
  const { acceptor } = start(t, {
    loginAtOnce: ({ userId }) => (userId === 'ann' ? accepted(userId) : undefined),
    login: async () => ({ ok: false, code: 'auth_failed', message: 'No.' }),
  })
  acceptor.login(1, 'ann')
  acceptor.login(2, 'bob')
  await acceptor.until(() => acceptor.of('refuseLogin').length === 1, 'the refusal')
  t.match(acceptor.of('beginSession'), [{ connection: 1, user: 'ann' }])
  t.match(acceptor.of('refuseLogin'), [{ connection: 2 }])
})

t.test('a login goes to the service and back, and messages are delivered', async (t) => {
  const { shell, acceptor, events } = start(t)
  acceptor.send({ kind: 'event', event: { name: 'acceptPaused', reason: 'x' } })
  acceptor.login(1, 'ann')
  acceptor.login(2, 'bob')
  await acceptor.until(() => acceptor.of('beginSession').length === 2, 'both sessions')
  t.strictSame(events, [{ name: 'acceptPaused', reason: 'x' }])
  t.match(shell.counts(), { users: 2, sessions: 2, undecided: 0 })
  acceptor.relay(1, 'bob', Buffer.from('\u0002{}\u0003'), 'c1')
  await acceptor.until(() => acceptor.of('deliver').length === 1, 'the delivery')
  const [{ connection, receipt, frames } = { connection: 0, receipt: 0, frames: Buffer.of() }] = acceptor.of('deliver')
  t.equal(connection, 2)
  t.equal(Buffer.from(frames).toString(), '\u0002{}\u0003')
  t.equal(shell.counts().undecided, 1)
  acceptor.send({ kind: 'written', receipts: [receipt], completed: true })
  await acceptor.until(() => acceptor.of('deliver').length === 2, 'the answer')
  t.match(saidIn(acceptor.of('deliver')[1]?.frames ?? Buffer.of()), [{ callbackId: 'c1' }])
  t.equal(shell.counts().undecided, 0)
})

t.test('an acceptor that takes nothing stops the intake: nothing is lost or reordered, and it goes on', async (t) => {
  const { shell, acceptor } = start(t)
  acceptor.login(1, 'ann')
  acceptor.login(2, 'bob')
  await acceptor.until(() => acceptor.of('beginSession').length === 2, 'both sessions')
  acceptor.takes(false)
  const count = 400
  for (let index = 0; index < count; index++) {
    const body = Buffer.alloc(30_000, 'x')
    body.writeUInt32LE(index)
    acceptor.relay(1, 'bob', body)
  }
  // Commands and verdicts that come meanwhile wait their turn too.
  const replies = Promise.all([
    shell.command({ name: 'who', prefix: '', after: undefined, limit: 10 }),
    shell.command({ name: 'broadcast', message: 'x' }),
  ])
  await new Promise((resolve) => setTimeout(resolve, 100))
  t.equal(acceptor.of('deliver').length, 0)
  acceptor.takes(true)
  await acceptor.until(() => acceptor.of('deliver').length === count, 'all messages')
  t.strictSame(
    acceptor.of('deliver').map(({ frames }) => Buffer.from(frames).readUInt32LE()),
    Array.from({ length: count }, (_, index) => index),
  )
  t.match(await within(replies, 'the replies'), [{ items: ['ann', 'bob'] }, { receivers: 2 }])
  t.equal(acceptor.of('deliverAll').length, 1)
})

t.test('one event that causes more than the ring holds is owed and sent', async (t) => {
  const { shell, acceptor } = start(t)
  acceptor.login(1, 'ann')
  await acceptor.until(() => acceptor.of('beginSession').length === 1, 'the session')
  acceptor.takes(false)
  const replies = Array.from({ length: 8 }, () => shell.command({ name: 'broadcast', message: 'x'.repeat(1_500_000) }))
  await new Promise((resolve) => setTimeout(resolve, 50))
  acceptor.takes(true)
  await acceptor.until(() => acceptor.of('deliverAll').length === 8, 'all broadcasts')
  t.equal((await within(Promise.all(replies), 'the replies')).length, 8)
})

t.test('a client that goes takes its login back', async (t) => {
  let signal: AbortSignal | undefined
  let decide: (verdict: LoginVerdict) => void = () => {}
  const { shell, acceptor } = start(t, {
    login: (_attempt, given) => {
      signal = given
      return new Promise((resolve) => {
        decide = resolve
      })
    },
  })
  acceptor.login(1, 'ann')
  await acceptor.until(() => true, 'nothing')
  await within(
    (async () => {
      while (signal === undefined) await new Promise((resolve) => setImmediate(resolve))
    })(),
    'the login',
  )
  acceptor.send({ kind: 'closed', connection: 1 })
  await within(
    (async () => {
      while (signal?.aborted !== true) await new Promise((resolve) => setImmediate(resolve))
    })(),
    'the abort',
  )
  decide(accepted('ann'))
  await new Promise((resolve) => setImmediate(resolve))
  t.match(shell.counts(), { users: 0, sessions: 0, undecided: 0 })
})

t.test('changes of accounts that are under way count as undecided', async (t) => {
  let finish: () => void = () => {}
  const { shell, acceptor } = start(t, {
    changePassword: () =>
      new Promise((resolve) => {
        finish = () => resolve({ ok: true })
      }),
  })
  acceptor.login(1, 'ann')
  await acceptor.until(() => acceptor.of('beginSession').length === 1, 'the session')
  const content = JSON.stringify({ OldPassword: 'a', NewPassword: 'b' })
  acceptor.send({
    kind: 'request',
    connection: 1,
    type: 'PasswordRequest',
    callbackId: 'c1',
    content,
    frame: undefined,
  })
  await within(
    (async () => {
      while (shell.counts().undecided !== 1) await new Promise((resolve) => setImmediate(resolve))
    })(),
    'the change',
  )
  finish()
  await acceptor.until(() => acceptor.of('deliver').length === 1, 'the answer')
  t.equal(shell.counts().undecided, 0)
})

t.test('when an acceptor dies its sessions end, and what it had said and nobody read counts no more', async (t) => {
  const { shell, acceptor } = start(t)
  acceptor.login(1, 'ann')
  await acceptor.until(() => acceptor.of('beginSession').length === 1, 'the session')
  // Published, and not yet read by the router when the thread is replaced.
  acceptor.login(2, 'bob')
  acceptor.close()
  const next = new FakeAcceptor(2 ** 22)
  t.teardown(() => next.close())
  shell.replaceAcceptor(0, next.end)
  next.login(2 ** 24 + 1, 'cid')
  await next.until(() => next.of('beginSession').length === 1, 'the new session')
  await new Promise((resolve) => setTimeout(resolve, 50))
  t.match(shell.counts(), { users: 1, sessions: 1, undecided: 0 })
})

t.test('each acceptor is told what to offer, also one that stands in for another', async (t) => {
  const { shell, acceptor } = start(t)
  const key = { kty: 'RSA', n: 'n', e: 'AQAB' } as const
  const certificate = { key, notBefore: 1, notAfter: 2, signature: 's' }
  const offer = { id: 1, suites: [1], identity: key, certificate, rotations: [] }
  shell.offerKeys(offer)
  await acceptor.until(() => acceptor.of('keyOffer').length === 1, 'the offer')
  t.same(acceptor.got, [{ kind: 'keyOffer', offer }])
  acceptor.close()
  const next = new FakeAcceptor(2 ** 22)
  t.teardown(() => next.close())
  shell.replaceAcceptor(0, next.end)
  await next.until(() => next.of('keyOffer').length === 1, 'the offer again')
})

t.test('an exchange of keys is handed on, and taken back when its client has gone', async (t) => {
  const signals: AbortSignal[] = []
  const { acceptor } = start(t, {
    exchangeKeys: (attempt, signal) => {
      signals.push(signal)
      t.match(attempt, { offer: 5, nonce: 'n', offerTime: 1000, terminalBody: Uint8Array.of(2) })
      return signals.length === 1
        ? Promise.resolve({ ok: false, code: 'refused', detail: 'why' })
        : new Promise((resolve) => signal.addEventListener('abort', () => resolve({ ok: false, code: 'server_busy' })))
    },
  })
  const bodies = { offerTime: 1000, offerCallbackId: undefined, terminalBody: Uint8Array.of(2) }
  for (const connection of [1, 2]) {
    acceptor.send({ kind: 'exchangeKeys', connection, address: 'a', offer: 5, nonce: 'n', ...bodies })
  }
  await acceptor.until(() => acceptor.of('cut').length === 1, 'the refusal')
  t.match(acceptor.of('cut'), [{ connection: 1, detail: 'why' }])
  acceptor.send({ kind: 'closed', connection: 2 })
  await within(
    new Promise<void>((resolve) => {
      const [, second] = signals
      if (second?.aborted === true) resolve()
      else second?.addEventListener('abort', () => resolve())
    }),
    'the end of the other',
  )
})

t.test('quiesce and drain go to every acceptor', async (t) => {
  const { shell, acceptor } = start(t)
  const second = new FakeAcceptor(2 ** 22)
  t.teardown(() => second.close())
  shell.addAcceptor(second.end)
  shell.quiesce()
  shell.drain(100)
  for (const one of [acceptor, second]) {
    await one.until(() => one.got.length === 2, 'both')
    t.match(one.got, [{ kind: 'quiesce' }, { kind: 'drain', deadlineMs: 100 }])
  }
})
