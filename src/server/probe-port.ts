/** Whether a port is free, asked before threads share it: sockets that share a port never fail to listen on it. */
import { createServer } from 'node:net'
import { ServerStartError } from './start-error.ts'

/**
 * Listens alone for a moment.
 *
 * @throws ServerStartError when the port is taken or may not be used
 */
export async function probePort(listener: { kind: 'tcp' | 'ws'; host: string; port: number }): Promise<void> {
  const { kind, host, port } = listener
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(ServerStartError.listenFailed({ listener: kind, host, port, code: error.code ?? 'unknown' }))
    })
    server.listen({ host, port, exclusive: true }, resolve)
  })
  await new Promise((resolve) => server.close(resolve))
}
