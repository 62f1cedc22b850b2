/**
 * A server of sealed sessions in a few lines, for tests of the client: the handshake of `src/security`, and records with a
 * script behind them as in `fake-server.ts`. What goes wrong on the way, a test can do to it.
 */
import { createSecretKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { decodeGb18030, encodeGb18030 } from '../../src/protocol/charset.ts'
import {
  type ClientProof,
  isClientMac,
  isTranscriptSignature,
  readClientProof,
} from '../../src/security/client-proof.ts'
import { certifyHandshakeKey, type Rotation, signRotation } from '../../src/security/handshake-keys.ts'
import { publicJwkOf, thumbprintOf } from '../../src/security/jwk.ts'
import { readSessionKeys, type SessionKeys } from '../../src/security/key-schedule.ts'
import { type OfferMoment, offerWriter } from '../../src/security/offer.ts'
import { type KeyUse, RecordOpener, RecordSealer, recordType } from '../../src/security/records.ts'
import { answerTerminal, type ResumedClaims, type ServerExchange } from '../../src/security/server-handshake.ts'
import { mintTicket, type TicketKey } from '../../src/security/tickets.ts'
import { Peer, type Received, type Script, usual } from './fake-server.ts'

const now = (): number => Math.floor(Date.now() / 1000)

/** The long-lived keys of a server; several servers may have the same. */
export class ServerKeys {
  readonly identity: KeyObject = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  readonly handshake: KeyObject = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  readonly rotations: Rotation[] = []
  ticketKeys: TicketKey[] = [newTicketKey()]
  suites: readonly number[] = [1, 2]
  notAfter: number = now() + 86_400

  get thumbprint(): string {
    return thumbprintOf(publicJwkOf(this.identity))
  }

  /** A new identity, that these keys hand over to. */
  rotated(): ServerKeys {
    const next = new ServerKeys()
    const older = publicJwkOf(this.identity)
    const newer = publicJwkOf(next.identity)
    next.rotations.push(signRotation(this.identity, older, newer, now()), ...this.rotations)
    return next
  }

  offer(moment: OfferMoment): Buffer {
    const claims = { key: publicJwkOf(this.handshake), notBefore: this.notAfter - 2 * 86_400, notAfter: this.notAfter }
    const certificate = certifyHandshakeKey(this.identity, claims, { suite3: false })
    const { suites, rotations } = this
    return offerWriter({ suites, identity: publicJwkOf(this.identity), certificate, rotations })(moment)
  }
}

export function newTicketKey(): TicketKey {
  return { id: randomBytes(4), key: createSecretKey(randomBytes(32)) }
}

/** How a server behaves. */
export interface SealedServerOptions {
  readonly keys?: ServerKeys
  readonly script?: Script
  readonly charset?: 'utf-8' | 'gb18030'
  /** Greets by itself. */
  readonly greets?: boolean
  readonly port?: number
  /** Changes what the server sends, by its type, or `record`. */
  readonly tamper?: (body: string, what: 'offer' | 'finish' | 'record') => string
  /** For tests of key updates. */
  readonly keyUseMax?: KeyUse
}

/** One connection, as the server sees it. */
export class SealedPeer extends Peer {
  /** How its handshake went; undefined before. */
  exchange: ServerExchange | undefined
  keys: SessionKeys | undefined
  /** Bodies as they came on the wire, before opening. */
  readonly wire: string[] = []
  /** How many messages came in each data record. */
  readonly recordSizes: number[] = []
  readonly types: number[] = []
  /** Of the offer, as it stood there. */
  nonce = ''
  /** Why the server ended it. */
  problem: string | undefined
  /** Ends the connection without having said so in the session. */
  drop: () => void = () => {}

  get resumed(): ResumedClaims | undefined {
    return this.exchange?.resumed
  }
}

/** See the head of the file. */
export class SealedServer {
  readonly port: number
  readonly url: string
  readonly peers: SealedPeer[] = []
  keys: ServerKeys
  readonly options: SealedServerOptions
  script: Script
  /** Tickets in answers to logins. */
  givesTickets = true
  readonly close: () => Promise<void>

  private constructor(
    options: SealedServerOptions,
    listening: { readonly port: number; readonly url: string; close(): Promise<void> },
  ) {
    this.options = options
    this.keys = options.keys ?? new ServerKeys()
    this.script = options.script ?? usual
    this.port = listening.port
    this.url = listening.url
    this.close = listening.close
  }

  static async tcp(options: SealedServerOptions = {}): Promise<SealedServer> {
    const sockets = new Set<Socket>()
    const encode = (body: string): Uint8Array =>
      options.charset === 'gb18030' ? encodeGb18030(`\x02${body}\x03`) : Buffer.from(`\x02${body}\x03`)
    const server = createServer((socket) => {
      sockets.add(socket)
      const take = fake.join({
        write: (body) => socket.write(encode(body)),
        raw: (bytes) => socket.write(bytes),
        cut: () => socket.end(),
        pause: () => socket.pause(),
        resume: () => socket.resume(),
      })
      let text = ''
      socket.setEncoding('latin1')
      socket.on('data', (chunk: string) => {
        text += chunk
        for (let end = text.indexOf('\x03'); end !== -1; end = text.indexOf('\x03')) {
          take.body(text.slice(text.indexOf('\x02') + 1, end))
          text = text.slice(end + 1)
        }
      })
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        take.closed()
      })
    })
    server.listen(options.port ?? 0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const fake: SealedServer = new SealedServer(options, {
      port,
      url: `parley://127.0.0.1:${port}`,
      close: async () => {
        for (const socket of sockets) socket.destroy()
        server.close()
        await once(server, 'close')
      },
    })
    return fake
  }

  static async webSocket(options: SealedServerOptions = {}): Promise<SealedServer> {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0, path: '/ws', perMessageDeflate: false })
    server.on('connection', (socket: WebSocket) => {
      const take = fake.join({
        write: (body) => socket.send(body),
        raw: (bytes) => socket.send(bytes),
        cut: () => socket.close(),
        pause: () => socket.pause(),
        resume: () => socket.resume(),
      })
      socket.on('message', (data) => take.body(Buffer.from(data as Buffer).toString('latin1')))
      socket.on('close', () => take.closed())
    })
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const fake: SealedServer = new SealedServer(options, {
      port,
      url: `ws://127.0.0.1:${port}`,
      close: async () => {
        for (const socket of server.clients) socket.terminate()
        server.close()
        await once(server, 'close')
      },
    })
    return fake
  }

  get peer(): SealedPeer {
    const peer = this.peers.at(-1)
    if (peer === undefined) throw new Error('no client has connected')
    return peer
  }

  get received(): Received[] {
    return this.peers.flatMap((peer) => peer.received)
  }

  /** Takes a connection in; gives what is to be told of it. */
  join(io: ConstructorParameters<typeof Peer>[1]): { body(text: string): void; closed(): void } {
    const connection = new Connection(this, io)
    this.peers.push(connection.peer)
    return connection
  }
}

class Connection {
  readonly peer: SealedPeer
  readonly #server: SealedServer
  readonly #io: ConstructorParameters<typeof Peer>[1]
  #offer: Buffer | undefined
  #sealer: RecordSealer | undefined
  #opener: RecordOpener | undefined

  constructor(server: SealedServer, io: ConstructorParameters<typeof Peer>[1]) {
    this.#server = server
    this.#io = io
    this.peer = new SealedPeer(server.peers.length, {
      ...io,
      write: (body) => this.#seal(body),
      cut: () => {
        if (this.#sealer !== undefined) this.#write(this.#sealer.seal(recordType.close).toString('base64'), 'record')
        io.cut()
      },
    })
    this.peer.drop = io.cut
    if (server.options.greets) this.#sendOffer()
  }

  body(text: string): void {
    const { peer } = this
    peer.wire.push(text)
    if (this.#opener !== undefined) {
      this.#open(Buffer.from(text, 'base64'))
      return
    }
    const { MsgType } = JSON.parse(text)
    if (MsgType === 'PlatformKeyRequest') {
      if (this.#offer === undefined) this.#sendOffer()
    } else if (MsgType === 'TerminalKeyMessage' && this.#offer !== undefined) {
      this.#answer(this.#offer, Buffer.from(text, 'latin1'))
    } else {
      this.#end(`${MsgType} in plain`)
    }
  }

  closed(): void {
    this.peer.isClosed = true
  }

  #sendOffer(): void {
    const nonce = randomBytes(32)
    this.peer.nonce = nonce.toString('base64url')
    this.#offer = this.#server.keys.offer({ nonce, now: now() })
    this.#write(this.#offer.toString('latin1'), 'offer')
  }

  #answer(offerBody: Buffer, terminalBody: Buffer): void {
    const { keys, options } = this.#server
    const { handshake: handshakeKey, suites, ticketKeys } = keys
    const exchange = answerTerminal({ offerBody, terminalBody, handshakeKey, suites, ticketKeys, now: now() })
    if (!exchange.ok) {
      this.#end(exchange.reason)
      return
    }
    this.peer.exchange = exchange
    const sessionKeys = readSessionKeys(exchange.okm)
    this.peer.keys = sessionKeys
    const more = options.keyUseMax === undefined ? {} : { keyUseMax: options.keyUseMax }
    this.#sealer = new RecordSealer({ suite: exchange.suite, sender: 'server', keys: sessionKeys, ...more })
    this.#opener = new RecordOpener({ suite: exchange.suite, sender: 'client', keys: sessionKeys })
    this.#write(Buffer.from(exchange.body3).toString('latin1'), 'finish')
  }

  #open(record: Buffer): void {
    const { peer } = this
    const opened = this.#opener?.open(record)
    if (opened === undefined) {
      this.#end(this.#opener?.problem ?? 'no session')
      return
    }
    peer.types.push(opened.type)
    switch (opened.type) {
      case recordType.finish: {
        const proof = readClientProof(opened.plaintext)
        const problem = proof === undefined ? 'no proof' : this.#proofProblem(proof)
        if (problem !== undefined || proof === undefined) {
          this.#end(problem ?? '')
          return
        }
        this.#messages(proof.frame)
        return
      }
      case recordType.data:
        this.#messages(opened.plaintext)
        return
      case recordType.close:
        this.#io.cut()
        return
      default:
        return
    }
  }

  #proofProblem({ mac, signature }: ClientProof): string | undefined {
    const { exchange, keys } = this.peer
    if (exchange === undefined || keys === undefined) return 'no session'
    const { suite, clientKey, transcriptHash } = exchange
    if (!isClientMac(keys, transcriptHash, mac)) return 'a wrong MAC'
    if (clientKey === undefined) return signature.length > 0 ? 'a signature in a resumption' : undefined
    return isTranscriptSignature(suite, clientKey, transcriptHash, signature) ? undefined : 'a bad signature'
  }

  #messages(plaintext: Buffer): void {
    const text = this.#server.options.charset === 'gb18030' ? decodeGb18030(plaintext) : plaintext.toString('utf8')
    const bodies = (text ?? '').slice(1, -1).split('\x03\x02')
    this.peer.recordSizes.push(bodies.length)
    for (const body of bodies) {
      const envelope = JSON.parse(body)
      const request: Received = { ...envelope, content: JSON.parse(envelope.Content) }
      this.peer.received.push(request)
      this.#server.script(request, this.peer)
    }
  }

  /** Adds a ticket to the answer to a login, and sends an envelope in a record of its own. */
  #seal(body: string): void {
    const sealer = this.#sealer
    if (sealer === undefined) {
      this.#io.write(body)
      return
    }
    if (sealer.keyUpdateDue) this.#write(sealer.seal(recordType.keyUpdate).toString('base64'), 'record')
    const text = `\x02${this.#withTicket(body)}\x03`
    const bytes = this.#server.options.charset === 'gb18030' ? encodeGb18030(text) : Buffer.from(text)
    this.#write(sealer.seal(recordType.data, bytes).toString('base64'), 'record')
  }

  #withTicket(body: string): string {
    const envelope = JSON.parse(body)
    const { exchange, keys } = this.peer
    if (envelope.MsgType !== 'AuthResponse' || !this.#server.givesTickets || !exchange || !keys) return body
    const content = JSON.parse(envelope.Content)
    if (content.Success !== true) return body
    const expires = now() + 3600
    const claims = { user: content.UserId, device: 'd', thumbprint: exchange.thumbprint, role: 'user', generation: 1 }
    const { suite } = exchange
    const ticket = mintTicket(
      this.#server.keys.ticketKeys,
      { ...claims, expires, suite, resumptionSecret: keys.resumptionSecret },
      randomBytes,
    )
    return JSON.stringify({
      ...envelope,
      Content: JSON.stringify({ ...content, Ticket: ticket, TicketExpires: expires }),
    })
  }

  #write(body: string, what: 'offer' | 'finish' | 'record'): void {
    const { tamper } = this.#server.options
    this.#io.write(tamper === undefined ? body : tamper(body, what))
  }

  #end(problem: string): void {
    this.peer.problem = problem
    this.#io.cut()
  }
}
