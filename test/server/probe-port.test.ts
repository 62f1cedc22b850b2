import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import t from 'tap'
import { probePort } from '../../src/server/probe-port.ts'

t.test('a taken port is told with what to do, and a free one is left free', async (t) => {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await t.rejects(probePort({ kind: 'tcp', host: '127.0.0.1', port }), {
    code: 'port_taken',
    message: new RegExp(`Port ${port} .* PARLEY_PORT`),
  })
  await new Promise((resolve) => server.close(resolve))
  await probePort({ kind: 'tcp', host: '127.0.0.1', port })
  await probePort({ kind: 'tcp', host: '127.0.0.1', port })
})
