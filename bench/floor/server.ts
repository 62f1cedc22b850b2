/**
 * The floor: the least that a Node server can do for the same work, to be compared with. One thread, the
 * same wire, `JSON.parse` of every envelope, the original bytes forwarded, one write per connection and
 * turn of the loop. It checks nothing and believes everybody, so it serves no other purpose.
 */
import net from 'node:net'

const START = 0x02
const END = 0x03

interface Envelope {
  readonly ToUserId?: string
  readonly FromUserId?: string
  readonly MsgType: string
  readonly Content: string
  readonly CallbackID?: string
}

/** A floor server that listens. */
export interface FloorServer {
  readonly port: number
  /** Ends every connection and stops listening. */
  readonly close: () => Promise<void>
}

/** Starts a floor server on a port of the loopback address; port 0 takes a free one. */
export async function startFloorServer(port: number): Promise<FloorServer> {
  const users = new Map<string, FloorConnection>()
  const connections = new Set<FloorConnection>()
  const unflushed: FloorConnection[] = []
  const flush = (): void => {
    for (const connection of unflushed) connection.flush()
    unflushed.length = 0
  }
  const queue = (connection: FloorConnection): void => {
    if (unflushed.length === 0) setImmediate(flush)
    unflushed.push(connection)
  }
  const listener = net.createServer({ noDelay: true }, (socket) => {
    const connection = new FloorConnection(socket, { users, connections, queue })
    connections.add(connection)
    socket.on('close', () => {
      connections.delete(connection)
      if (users.get(connection.userId) === connection) users.delete(connection.userId)
    })
  })
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject)
    listener.listen({ host: '127.0.0.1', port, backlog: 1024 }, resolve)
  })
  const address = listener.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    close: () =>
      new Promise((resolve) => {
        listener.close(() => resolve())
        for (const connection of connections) connection.destroy()
      }),
  }
}

/** What the connections share. */
interface Floor {
  readonly users: Map<string, FloorConnection>
  readonly connections: ReadonlySet<FloorConnection>
  readonly queue: (connection: FloorConnection) => void
}

class FloorConnection {
  userId = ''
  readonly #socket: net.Socket
  readonly #floor: Floor
  #rest: Buffer | undefined
  #output: Buffer[] = []

  constructor(socket: net.Socket, floor: Floor) {
    this.#socket = socket
    this.#floor = floor
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('error', () => socket.destroy())
  }

  destroy(): void {
    this.#socket.destroy()
  }

  flush(): void {
    const [first] = this.#output
    if (first === undefined) return
    this.#socket.write(this.#output.length === 1 ? first : Buffer.concat(this.#output))
    this.#output = []
  }

  #read(chunk: Buffer): void {
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk])
    let start = bytes.indexOf(START)
    while (start !== -1) {
      const end = bytes.indexOf(END, start + 1)
      if (end === -1) break
      this.#take(bytes, start, end)
      start = bytes.indexOf(START, end + 1)
    }
    this.#rest = start === -1 ? undefined : bytes.subarray(start)
  }

  #take(bytes: Buffer, start: number, end: number): void {
    const envelope = JSON.parse(bytes.toString('utf8', start + 1, end)) as Envelope
    if (envelope.MsgType === 'AuthRequest') {
      this.#login(envelope)
      return
    }
    if (envelope.MsgType === 'BroadcastRequest') {
      const frame = bytes.subarray(start, end + 1)
      for (const connection of this.#floor.connections) if (connection !== this) connection.send(frame)
      return
    }
    const receiver = this.#floor.users.get(envelope.ToUserId ?? '')
    receiver?.send(bytes.subarray(start, end + 1))
    if (envelope.CallbackID !== undefined) {
      const status = receiver === undefined ? 'rejected' : 'sent'
      this.#answer('CommonResponse', { Success: receiver !== undefined, Data: { Status: status } }, envelope.CallbackID)
    }
  }

  #login(envelope: Envelope): void {
    const request = JSON.parse(envelope.Content) as { UserId: string }
    this.userId = request.UserId
    this.#floor.users.set(this.userId, this)
    const content = { Success: true, UserId: this.userId, SessionId: '1', Role: 'user', Token: 'floor', Version: 1 }
    this.#answer('AuthResponse', content, envelope.CallbackID)
  }

  #answer(type: string, content: object, callbackId: string | undefined): void {
    const body = JSON.stringify({
      ToUserId: this.userId,
      MsgType: type,
      CreateTime: Math.floor(Date.now() / 1000),
      Content: JSON.stringify(content),
      CallbackID: callbackId,
    })
    this.send(Buffer.from(`\x02${body}\x03`))
  }

  send(frame: Buffer): void {
    if (this.#output.length === 0) this.#floor.queue(this)
    this.#output.push(frame)
  }
}
