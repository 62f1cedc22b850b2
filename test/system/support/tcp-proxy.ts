/** A proxy between clients and a server: it can cut all connections at once, or let them vanish, and sees what goes by. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { Test } from './test-server.ts'

/** See the head of the file. */
export interface TcpProxy {
  readonly port: number
  /** Everything that went from clients to the server, and back. */
  readonly seen: Buffer[]
  /** Connections so far. */
  count: number
  cutAll(): void
  /** As when the other machine is gone: of these connections no byte and no end goes through any more, for ever; nor of new ones. */
  vanish(): void
  /** New connections go through again. */
  comeBack(): void
}

/** Starts a proxy to a port of this machine; it ends with the test. */
export async function startTcpProxy(t: Test, target: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  const vanished = new Set<Socket>()
  let isAway = false
  const proxy: TcpProxy = {
    port: 0,
    seen: [],
    count: 0,
    cutAll: () => {
      for (const socket of sockets) socket.destroy()
    },
    vanish: () => {
      isAway = true
      for (const socket of sockets) vanished.add(socket)
    },
    comeBack: () => {
      isAway = false
    },
  }
  const server = createServer((near) => {
    proxy.count++
    if (isAway) {
      sockets.add(near)
      vanished.add(near)
      near.on('error', () => {})
      near.resume()
      return
    }
    const far = connect({ port: target, host: '127.0.0.1', noDelay: true })
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.on('data', (chunk: Buffer) => {
        if (vanished.has(from)) return
        proxy.seen.push(chunk)
        to.write(chunk)
      })
      from.on('error', () => {})
      from.on('close', () => {
        sockets.delete(from)
        if (vanished.has(from)) return
        to.destroy()
      })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    proxy.cutAll()
  })
  return Object.assign(proxy, { port: (server.address() as AddressInfo).port })
}
