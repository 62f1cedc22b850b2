/** An acceptor in this thread, with real sockets, and the router's end of its ring in the test's hand. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { Test } from 'tap'
import { Acceptor } from '../../src/acceptor/acceptor.ts'
import type { AcceptorLimits } from '../../src/acceptor/options.ts'
import { RouterLink } from '../../src/acceptor/router-link.ts'
import { readAcceptorMessage, writeAcceptorMessage } from '../../src/mailbox/acceptor-codec.ts'
import type { AcceptorMessage } from '../../src/mailbox/acceptor-messages.ts'
import { createMailboxPair, Mailbox } from '../../src/mailbox/mailbox.ts'
import { readRouterMessage } from '../../src/mailbox/router-codec.ts'
import type { AcceptorEvent, RouterMessage } from '../../src/mailbox/router-messages.ts'
import { within } from '../system/support/deadline.ts'
import { bodiesIn, delimiters, signatureOptions } from './fakes.ts'

export const acceptorLimitsForTests: AcceptorLimits = {
  connectionsMax: 100,
  addressConnectionsMax: 100,
  refusingMax: 4,
  frameBytesMax: 65_536,
  frameBytesBeforeLoginMax: 8192,
  authTimeoutMs: 60_000,
  loginAttemptsMax: 3,
  faultsBeforeLoginMax: 3,
  noiseBytesMax: 1000,
  handshakesPerSecond: 0,
  userMessagesPerSecond: 0,
  outputBytesMax: 100_000,
  unverifiedBytesMax: 4096,
  unreadBytesMax: 8192,
  heartbeatAfterMs: 60_000,
  heartbeatTimeoutMs: 60_000,
  lingerMs: 500,
  fragmentsMax: 64,
}

/** A peer that reads envelopes. */
export class Peer {
  readonly socket: Socket
  readonly got: { readonly [key: string]: unknown }[] = []
  isClosed = false
  #rest = Buffer.alloc(0)
  readonly #changed: () => void

  constructor(socket: Socket, changed: () => void) {
    this.socket = socket
    this.#changed = changed
    socket.on('data', (chunk: Buffer) => {
      const bytes = Buffer.concat([this.#rest, chunk])
      const whole = bytes.lastIndexOf(0x03) + 1
      this.got.push(...bodiesIn(bytes.subarray(0, whole)))
      this.#rest = bytes.subarray(whole)
      changed()
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.isClosed = true
      this.#changed()
    })
  }

  send(...frames: Buffer[]): void {
    this.socket.write(Buffer.concat(frames))
  }

  /** The codes of refusals that it got. */
  codes(): unknown[] {
    return this.got.map(({ Content }) => (JSON.parse(Content as string) as { Code?: unknown }).Code)
  }
}

/** See the head of the file. */
export class AcceptorWorld {
  readonly messages: RouterMessage[] = []
  readonly events: AcceptorEvent[] = []
  port = 0
  /** Whether the router takes messages; when it does not its ring fills. */
  #takes = true
  readonly #router: Mailbox
  readonly #ours: Mailbox
  #wakers: (() => void)[] = []

  constructor(limits: Partial<AcceptorLimits>, ringBytes: number) {
    const pair = createMailboxPair({ toFirstBytes: ringBytes, toSecondBytes: 2 ** 22 })
    this.#router = new Mailbox(pair.first, {
      record: (kind, offset, payloadBytes) => this.#take(kind, offset, payloadBytes),
      batchEnd: () => this.#changed(),
      space: () => {},
      closed: () => {},
    })
    this.#ours = new Mailbox(pair.second, {
      record: (kind, offset, payloadBytes) => {
        acceptor.receive(readAcceptorMessage(this.#ours.inbox, kind, offset, payloadBytes))
        return true
      },
      batchEnd: () => acceptor.batchEnd(),
      space: () => acceptor.spaceInRouter(),
      closed: () => {},
    })
    const acceptor = new Acceptor(
      {
        index: 0,
        firstCount: 1,
        mailbox: pair.second,
        delimiters,
        requiresSealing: false,
        listeners: [{ kind: 'tcp', host: '127.0.0.1', port: 0, sharesPort: false, charset: 'utf-8' }],
        signatures: signatureOptions,
        repeatsSecret: Buffer.alloc(32, 7),
        limits: { ...acceptorLimitsForTests, ...limits },
      },
      new RouterLink(this.#ours),
    )
    acceptor.start()
  }

  #take(kind: number, offset: number, payloadBytes: number): boolean {
    if (!this.#takes) return false
    const message = readRouterMessage(this.#router.inbox, kind, offset, payloadBytes)
    if (message.kind === 'event') this.events.push(message.event)
    else this.messages.push('frames' in message ? { ...message, frames: Buffer.from(message.frames) } : message)
    return true
  }

  readonly #changed = (): void => {
    const wakers = this.#wakers
    this.#wakers = []
    for (const wake of wakers) wake()
  }

  /** Resolves once the condition holds, looked at whenever something has happened. */
  async until(condition: () => boolean, what: string): Promise<void> {
    const hold = async (): Promise<void> => {
      while (!condition()) await new Promise<void>((resolve) => this.#wakers.push(resolve))
    }
    await within(hold(), what, 8000)
  }

  /** The router stops taking messages, or goes on. */
  routerTakes(takes: boolean): void {
    this.#takes = takes
    if (takes) this.#router.resume()
  }

  /** Sends what the router says, as one batch. */
  say(...messages: AcceptorMessage[]): void {
    for (const message of messages) {
      if (!writeAcceptorMessage(this.#router.outbox, message)) throw new Error('the ring to the acceptor is full')
    }
    this.#router.publish()
  }

  async connect(t: Test): Promise<Peer> {
    const socket = connect(this.port, '127.0.0.1')
    t.teardown(() => socket.destroy())
    const peer = new Peer(socket, this.#changed)
    await once(socket, 'connect')
    return peer
  }

  /** The messages of one kind. */
  of<Kind extends RouterMessage['kind']>(kind: Kind): Extract<RouterMessage, { kind: Kind }>[] {
    return this.messages.filter((message): message is Extract<RouterMessage, { kind: Kind }> => message.kind === kind)
  }

  event(name: AcceptorEvent['name']): AcceptorEvent | undefined {
    return this.events.findLast((event) => event.name === name)
  }

  close(): void {
    this.#router.close()
    this.#ours.close()
  }
}

/** Starts one; it is ended with the test. */
export async function startAcceptor(
  t: Test,
  limits: Partial<AcceptorLimits> = {},
  ringBytes = 2 ** 20,
): Promise<AcceptorWorld> {
  const world = new AcceptorWorld(limits, ringBytes)
  await world.until(() => world.event('listening') !== undefined, 'listening')
  const listening = world.event('listening')
  if (listening?.name === 'listening') world.port = listening.port
  t.teardown(async () => {
    if (world.event('drained') === undefined) {
      world.say({ kind: 'drain', deadlineMs: 0 })
      await world.until(() => world.event('drained') !== undefined, 'the end')
    }
    world.close()
  })
  return world
}
