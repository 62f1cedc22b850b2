import t from 'tap'
import { readAddress } from '../../src/client/address.ts'

t.test('addresses are read from URLs and from host and port', async (t) => {
  t.same(readAddress({}), { kind: 'tcp', host: '127.0.0.1', port: 7700 })
  t.same(readAddress({ host: 'chat.example', port: 1 }), { kind: 'tcp', host: 'chat.example', port: 1 })
  t.same(readAddress({ url: 'parley://chat.example' }), { kind: 'tcp', host: 'chat.example', port: 7700 })
  t.same(readAddress({ url: 'tcp://[::1]:65535' }), { kind: 'tcp', host: '::1', port: 65535 })
  t.same(readAddress({ url: 'ws://h:7701' }), { kind: 'websocket', url: 'ws://h:7701/ws' })
  t.same(readAddress({ url: 'wss://h/deep/ws?a=1' }), { kind: 'websocket', url: 'wss://h/deep/ws?a=1' })
})

t.test('what is no address is refused with a sentence', async (t) => {
  for (const options of [
    { url: 'chat.example:7700' },
    { url: 'not a url' },
    { url: 'http://h' },
    { url: 'parley://' },
    { url: 'parley://h:0' },
    { url: 'ws://h', port: 1 },
    { port: 0 },
    { port: 65536 },
    { port: 1.5 },
  ]) {
    t.throws(() => readAddress(options), { code: 'bad_argument' }, JSON.stringify(options))
  }
})
