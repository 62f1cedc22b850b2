/** A proxy between clients and a server: it can cut all connections at once, and sees what goes by. */
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
}

/** Starts a proxy to a port of this machine; it ends with the test. */
export async function startTcpProxy(t: Test, target: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  const proxy: TcpProxy = {
    port: 0,
    seen: [],
    count: 0,
    cutAll: () => {
      for (const socket of sockets) socket.destroy()
    },
  }
  const server = createServer((near) => {
    proxy.count++
    const far = connect({ port: target, host: '127.0.0.1', noDelay: true })
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.on('data', (chunk: Buffer) => {
        proxy.seen.push(chunk)
        to.write(chunk)
      })
      from.on('error', () => {})
      from.on('close', () => {
        sockets.delete(from)
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
