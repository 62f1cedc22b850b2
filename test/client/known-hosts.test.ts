import t from 'tap'
import { MemoryKnownHosts, serverName } from '../../src/client/known-hosts.ts'

t.test('a server is known by host and port', async (t) => {
  t.equal(serverName({ kind: 'tcp', host: 'Chat.Example', port: 7700 }), 'chat.example:7700')
  t.equal(serverName({ kind: 'tcp', host: '::1', port: 7700 }), '[::1]:7700')
  t.equal(serverName({ kind: 'websocket', url: 'ws://chat.example:7701/ws' }), 'chat.example:7701')
  t.equal(serverName({ kind: 'websocket', url: 'ws://[::1]/ws' }), '[::1]:80')
  t.equal(serverName({ kind: 'websocket', url: 'wss://chat.example/ws' }), 'chat.example:443')
})

t.test('a later key takes the place of the one before', async (t) => {
  const hosts = new MemoryKnownHosts()
  t.equal(hosts.find('a:1'), undefined)
  hosts.save('a:1', 'one')
  hosts.save('a:1', 'two')
  t.equal(hosts.find('a:1'), 'two')
})
