/**
 * Random events against the router's core, under a scheduler with a seed: clients that come and go, ask and write;
 * services and writes that answer late and in any order. A failure prints the seed; `SIMULATION_SEED` replays it.
 */
import assert from 'node:assert/strict'
import t from 'tap'
import type { ConnectionId, SignedItem } from '../../src/mailbox/router-messages.ts'
import type { RouterEffect, RouterEvent, UserFound } from '../../src/router/events.ts'
import { acceptorOf } from '../../src/router/state.ts'
import { accepted, RouterWorld, saidIn } from './router-world.ts'

const users = ['ann', 'bob', 'cid', 'dan', 'eve']
const acceptors = [0, 1]
const clientsMax = 10

/** A small random generator with a seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** What an acceptor knows of one connection. */
interface Client {
  state: 'greeting' | 'authenticating' | 'session' | 'closing'
  user: string
  /** CallbackIDs that wait for their answer. */
  readonly waiting: Set<string>
}

class Simulation {
  readonly #random: () => number
  readonly #world: RouterWorld
  readonly #clients = new Map<ConnectionId, Client>()
  /** What services and acceptors still have to answer. */
  #owed: RouterEvent[] = []
  #nextConnection = 1
  #nextCallback = 1
  /** Per sending and receiving session, the number of the last message that was delivered. */
  readonly #delivered = new Map<string, number>()
  #nextMessage = 1
  #commands = 0
  #replies = 0

  constructor(seed: number) {
    this.#random = randomFrom(seed)
    this.#world = new RouterWorld({
      sessionPolicy: this.#random() < 0.5 ? 'replace' : 'multi',
      pendingReceiptsMax: 6,
      pendingLookupsMax: 4,
      // Sometimes so little that there is no room behind signatures that are being checked.
      heldBytesMax: this.#random() < 0.3 ? 300 : 100_000,
    })
  }

  run(steps: number): void {
    for (let index = 0; index < steps; index++) {
      this.#world.now += this.#below(50)
      this.#act()
      this.#check()
    }
    // Everything that was under way comes to its end.
    while (this.#owed.length > 0) {
      this.#settleOne()
      this.#check()
    }
    for (const [connection, { waiting }] of this.#clients) {
      assert.deepEqual([...waiting], [], `connection ${connection} has its answers`)
    }
    assert.equal(this.#replies, this.#commands, 'every command was replied to')
    assert.equal(this.#world.state.receipts.size, 0)
    assert.equal(this.#world.state.lookups.size, 0)
    assert.equal(this.#world.state.pendingLookups, 0)
    assert.equal(this.#world.state.bundles.size, 0)
    assert.equal(this.#world.state.heldBytes, 0)
  }

  #below(max: number): number {
    return Math.floor(this.#random() * max)
  }

  #pick<Item>(items: readonly Item[]): Item {
    const item = items[this.#below(items.length)]
    if (item === undefined) throw new Error('nothing to pick from')
    return item
  }

  #act(): void {
    const roll = this.#random()
    if (roll < 0.35) this.#settleOne()
    else if (roll < 0.36) this.#loseAcceptor(this.#pick(acceptors))
    else if (roll < 0.38) this.#step({ kind: 'accountChanged', userId: this.#pick(users), isRemoved: false })
    else if (roll < 0.43) this.#step({ kind: 'tick' })
    else if (roll < 0.47) this.#command()
    else if (this.#clients.size < this.#below(clientsMax)) this.#connect()
    else if (this.#clients.size > 0) this.#actOf(...this.#pick([...this.#clients]), roll)
  }

  #actOf(connection: ConnectionId, client: Client, roll: number): void {
    if (roll < 0.55) this.#closed(connection)
    else if (client.state === 'greeting') this.#authenticate(connection, client)
    else if (client.state === 'session') this.#ofSession(connection, client)
  }

  #connect(): void {
    const connection = this.#pick(acceptors) * 2 ** 28 + this.#nextConnection++
    this.#clients.set(connection, { state: 'greeting', user: this.#pick(users), waiting: new Set() })
  }

  #callback(client: Client): string {
    const id = `c${this.#nextCallback++}`
    client.waiting.add(id)
    return id
  }

  #authenticate(connection: ConnectionId, client: Client): void {
    client.state = 'authenticating'
    const content = JSON.stringify({ UserId: client.user, Password: 'password' })
    const callbackId = this.#callback(client)
    this.#step({ kind: 'authenticate', connection, address: '192.0.2.1', callbackId, content })
  }

  /** A run of one to three messages, each with or without a CallbackID. */
  #relay(connection: ConnectionId, client: Client): void {
    const to = this.#pick([...users, 'nobody'])
    const callbackIds: string[] = []
    let frames = ''
    const count = 1 + Math.floor(this.#random() * 3)
    for (let index = 0; index < count; index++) {
      if (this.#random() < 0.7) callbackIds.push(this.#callback(client))
      const body = JSON.stringify({
        MsgType: 'Text',
        Content: JSON.stringify([`${client.user}/${connection}`, this.#nextMessage++]),
      })
      frames += `\u0002${body}\u0003`
    }
    this.#step({ kind: 'relay', connection, to, callbackIds, count, frames: Buffer.from(frames) })
  }

  /** The same, signed by a key. */
  #relaySigned(connection: ConnectionId, client: Client): void {
    const frames: Buffer[] = []
    const items: SignedItem[] = []
    for (let count = 1 + this.#below(3); count > 0; count--) {
      const number = this.#nextMessage++
      const body = JSON.stringify({
        MsgType: 'Text',
        Content: JSON.stringify([`${client.user}/${connection}`, number]),
      })
      const frame = Buffer.from(`\u0002${body}\u0003`)
      frames.push(frame)
      const callbackId = this.#random() < 0.7 ? this.#callback(client) : undefined
      const time = Math.floor(this.#world.now / 1000)
      items.push({ callbackId, id: `m${number}`, time, key: 'key', byteCount: frame.length })
    }
    this.#step({
      kind: 'relaySigned',
      connection,
      to: this.#pick([...users, 'nobody']),
      items,
      frames: Buffer.concat(frames),
      bundle: new Uint8Array(items.length),
    })
  }

  #ofSession(connection: ConnectionId, client: Client): void {
    const roll = this.#random()
    if (roll < 0.4) {
      this.#relay(connection, client)
      return
    }
    if (roll < 0.6) {
      this.#relaySigned(connection, client)
      return
    }
    const callbackId = this.#random() < 0.7 ? this.#callback(client) : undefined
    const [type, content] = this.#pick([
      ['UserListRequest', {}],
      ['CommonRequest', { Command: 'presence', Data: { On: this.#random() < 0.5 } }],
      ['CommonRequest', { Command: 'dance' }],
      ['BroadcastRequest', { Message: 'x' }],
      ['KickRequest', { UserId: this.#pick(users) }],
      ['KickRequest', { UserId: this.#pick(users), BanSeconds: 5 }],
      ['PasswordRequest', { OldPassword: 'a', NewPassword: 'b' }],
      ['AckRequest', { Epoch: 'e', Seq: 1 }],
    ] as const)
    // A list of users is an answer of its own type, given whether it was asked for with a CallbackID or not.
    const frame = type === 'BroadcastRequest' ? Buffer.from('\u0002{"MsgType":"B","Content":"0"}\u0003') : undefined
    this.#step({ kind: 'request', connection, type, callbackId, content: JSON.stringify(content), frame })
  }

  #command(): void {
    this.#commands++
    const command = this.#pick([
      { name: 'who', prefix: '', after: undefined, limit: 10 },
      { name: 'kick', userId: this.#pick(users), reason: undefined, isBanned: false },
      { name: 'send', to: this.#pick([...users, 'nobody']), message: 'x' },
      { name: 'broadcast', message: 'x' },
    ] as const)
    this.#step({ kind: 'command', id: this.#commands, command })
  }

  /** A connection ends: writes to it that are under way fail, at once or before its end is told. */
  #closed(connection: ConnectionId): void {
    const client = this.#clients.get(connection)
    this.#clients.delete(connection)
    if (client !== undefined && client.state !== 'greeting') this.#step({ kind: 'closed', connection })
  }

  #loseAcceptor(acceptor: number): void {
    for (const connection of [...this.#clients.keys()]) {
      if (acceptorOf(connection) === acceptor) this.#clients.delete(connection)
    }
    this.#step({ kind: 'acceptorLost', acceptor })
  }

  #settleOne(): void {
    if (this.#owed.length === 0) return
    const [event] = this.#owed.splice(this.#below(this.#owed.length), 1)
    if (event !== undefined) this.#step(event)
  }

  #step(event: RouterEvent): void {
    for (const effect of this.#world.step(event)) this.#take(effect)
  }

  #take(effect: RouterEffect): void {
    const isGood = this.#random() < 0.7
    switch (effect.kind) {
      case 'send':
        this.#takeSend(effect)
        break
      case 'login': {
        const verdict = isGood
          ? ({
              ...accepted(effect.attempt.userId, this.#random() < 0.5 ? 'operator' : 'user'),
              keys: [['key', 'modulus']],
            } as const)
          : ({ ok: false, code: 'auth_failed', message: 'No.' } as const)
        this.#owed.push({ kind: 'loginVerdict', connection: effect.connection, verdict })
        break
      }
      case 'changePassword': {
        const verdict = isGood ? ({ ok: true } as const) : ({ ok: false, code: 'auth_failed', message: 'No.' } as const)
        const { connection, callbackId, change } = effect
        this.#owed.push({ kind: 'passwordVerdict', connection, userId: change.userId, callbackId, verdict })
        break
      }
      case 'findUser': {
        const found = this.#pick<UserFound>(['exists', 'unknown', 'server_busy', 'storage_failed'])
        this.#owed.push({ kind: 'userFound', userId: effect.userId, found })
        break
      }
      case 'ban': {
        const problem = isGood ? undefined : ({ code: 'storage_failed', message: 'No.' } as const)
        const { asker, userId, sessions } = effect
        this.#owed.push({ kind: 'banned', asker, userId, sessions, problem })
        break
      }
      case 'verify': {
        const verdicts = Uint8Array.from(effect.bytes, () => (this.#random() < 0.8 ? 1 : 0))
        this.#owed.push({ kind: 'verified', bundle: effect.bundle, verdicts: isGood ? verdicts : undefined })
        break
      }
      case 'keyRequest': {
        const { asker, request } = effect
        this.#owed.push({ kind: 'keyVerdict', asker, request, verdict: { kind: 'log', entries: [], more: false } })
        break
      }
      case 'commandReply':
        this.#replies++
        break
      case 'append': {
        const { user, seq, count } = effect.run
        const refused = isGood ? undefined : ({ from: 0, code: 'storage_full' } as const)
        this.#owed.push({ kind: 'runsStored', runs: [{ user, seq, count, refused }] })
        break
      }
      case 'openInbox': {
        const { user, device } = effect.take
        const cursor = { epoch: 0, seq: 0 }
        const opened = { cursor, count: 0, bytes: 0, recovered: true, missing: 0, devices: [device], delivered: [] }
        this.#owed.push({
          kind: 'inboxOpened',
          connection: effect.connection,
          user,
          opened: isGood ? opened : undefined,
        })
        break
      }
      case 'readInbox': {
        const { connection, user, after } = effect
        const page = { segments: [], end: after, more: false, damaged: [] }
        this.#owed.push({ kind: 'inboxRead', connection, user, page: isGood ? page : undefined })
        break
      }
      case 'noteAcknowledged':
      case 'noteWritten':
      case 'noteMissed':
      case 'noteReceiptAsker':
      case 'journal':
      case 'exchangeKeys':
      case 'cancelExchange':
      case 'sendAll':
      case 'cancelLogin':
      case 'observed':
        break
      case 'remember':
      case 'pastRequest':
        break
      default:
        effect satisfies never
    }
  }

  /** What the acceptor does with a message for one connection. */
  #takeSend({ connection, message }: Extract<RouterEffect, { kind: 'send' }>): void {
    const client = this.#clients.get(connection)
    if (message.kind === 'deliver' && message.receipt !== 0) {
      const completed = client?.state === 'session' && this.#random() < 0.8
      this.#owed.push({ kind: 'written', receipts: [message.receipt], completed })
    }
    if (client === undefined || client.state === 'closing') return
    if (message.kind === 'close') {
      client.state = 'closing'
      client.waiting.clear()
      return
    }
    if (message.kind === 'beginSession') client.state = 'session'
    if (message.kind === 'refuseLogin') client.state = 'greeting'
    if (!('frames' in message)) return
    for (const said of saidIn(message.frames)) {
      if (said.type === 'Text') this.#noteOrder(client.user, connection, said.content)
      else if (said.callbackId !== undefined) {
        assert.ok(client.waiting.delete(said.callbackId), `${said.callbackId} is answered once, to who asked`)
      }
    }
  }

  #noteOrder(receiver: string, connection: ConnectionId, content: unknown): void {
    const [sender, number] = content as [string, number]
    const way = `${sender} ${receiver} ${connection}`
    assert.ok(number > (this.#delivered.get(way) ?? 0), `messages from ${sender} to ${receiver} are in order`)
    this.#delivered.set(way, number)
  }

  #check(): void {
    const { state } = this.#world
    const sessions = [...state.users.values()].flat()
    assert.equal(state.sessions, sessions.length)
    assert.equal(state.watchers, sessions.filter(({ watches }) => watches).length)
    assert.deepEqual(
      state.names.page({ prefix: '', after: undefined, limit: 100 }).names,
      [...state.users.keys()].sort((a, b) => (a < b ? -1 : 1)),
    )
    for (const [user, own] of state.users) {
      assert.ok(own.length > 0, `${user} online means a session`)
      if (state.options.sessionPolicy === 'replace') assert.equal(own.length, 1)
      assert.ok(own.length <= state.options.userSessionsMax)
      for (const session of own) assert.equal(state.peers.get(session.connection), session)
    }
    assert.equal([...state.peers.values()].filter(({ kind }) => kind === 'session').length, sessions.length)
    const counted = [...state.receipts.values()].filter(({ kind }) => kind !== 'page')
    assert.ok(counted.length <= state.options.pendingReceiptsMax)
    assert.ok(state.pendingLookups <= state.options.pendingLookupsMax)
    const waiting = [...state.lookups.values()].reduce((sum, lookups) => sum + lookups.length, 0)
    const asked = [...state.inbox.recipients.values()].filter(({ existence }) => existence === 'asked')
    const runs = asked.reduce((sum, { window }) => sum + window.entries.length, 0)
    assert.equal(state.pendingLookups, waiting + runs)
    for (const { connection } of state.peers.values()) {
      const client = this.#clients.get(connection)
      assert.ok(client !== undefined && client.state !== 'closing', 'the router knows nobody who is gone')
    }
  }
}

t.test('whatever happens in whatever order, tables agree and every request has one answer', (t) => {
  const fixed = process.env['SIMULATION_SEED']
  const first = fixed === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(fixed)
  const runs = fixed === undefined ? 60 : 1
  for (let index = 0; index < runs; index++) {
    const seed = (first + index) >>> 0
    try {
      new Simulation(seed).run(600)
    } catch (error) {
      t.comment(`replay with SIMULATION_SEED=${seed}`)
      throw error
    }
  }
  t.pass(`${runs} runs from seed ${first}`)
  t.end()
})
