import t from 'tap'
import { ServerStartError } from '../../src/server/start-error.ts'

t.test('each failure to listen has its code and a sentence that says what to do', (t) => {
  for (const [code, listener, expected, sentence] of [
    ['EADDRINUSE', 'tcp', 'port_taken', /Port 7700 on 127\.0\.0\.1 is taken.*set PARLEY_PORT/],
    ['EADDRINUSE', 'ws', 'port_taken', /set PARLEY_WS_PORT/],
    ['EACCES', 'tcp', 'port_forbidden', /above 1023/],
    ['EADDRNOTAVAIL', 'tcp', 'address_not_available', /set PARLEY_HOST/i],
    ['ENOTFOUND', 'tcp', 'address_not_available', /no address/],
    ['EWHATEVER', 'tcp', 'failed', /EWHATEVER/],
  ] as const) {
    const error = ServerStartError.listenFailed({ listener, host: '127.0.0.1', port: 7700, code })
    t.equal(error.code, expected, code)
    t.match(error.message, sentence)
    t.ok(error instanceof Error)
  }
  t.end()
})
