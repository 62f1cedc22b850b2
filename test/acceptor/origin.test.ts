import t from 'tap'
import { isOriginAllowed } from '../../src/acceptor/origin.ts'

const request = { origin: undefined, hostHeader: 'chat.example:7701', listenHost: '0.0.0.0', origins: [] }

t.test('a client that is no browser sends no origin and may come', (t) => {
  t.ok(isOriginAllowed(request))
  t.ok(isOriginAllowed({ ...request, origins: ['https://a.example'] }))
  t.end()
})

t.test('with a list, only what is listed may come, exactly', (t) => {
  const origins = ['https://a.example']
  t.ok(isOriginAllowed({ ...request, origins, origin: 'https://a.example' }))
  for (const origin of [
    'http://a.example',
    'https://a.example:444',
    'https://a.example.evil',
    'null',
    'https://chat.example',
  ]) {
    t.notOk(isOriginAllowed({ ...request, origins, origin }), origin)
  }
  t.ok(isOriginAllowed({ ...request, origins: ['*'], origin: 'null' }))
  t.end()
})

t.test('without a list, a page of the same host may come, from any port', (t) => {
  t.ok(isOriginAllowed({ ...request, origin: 'https://chat.example' }))
  t.ok(isOriginAllowed({ ...request, origin: 'http://CHAT.example:8080' }))
  for (const origin of ['https://evil.example', 'null', '', 'chat.example', 'https://chat.example.evil', 'file://']) {
    t.notOk(isOriginAllowed({ ...request, origin }), origin)
  }
  t.notOk(isOriginAllowed({ ...request, hostHeader: undefined, origin: 'https://chat.example' }))
  t.end()
})

t.test('a page of this machine may come while the server listens on this machine alone', (t) => {
  for (const listenHost of ['127.0.0.1', 'localhost', '::1']) {
    for (const origin of ['http://localhost:3000', 'http://127.0.0.1', 'http://[::1]:5173']) {
      t.ok(isOriginAllowed({ ...request, listenHost, hostHeader: '127.0.0.1:7701', origin }), `${origin} ${listenHost}`)
    }
  }
  t.notOk(isOriginAllowed({ ...request, origin: 'http://localhost:3000' }))
  t.end()
})

t.test('a page of this machine that calls this machine is of the same host, wherever the server listens', (t) => {
  const local = { ...request, hostHeader: 'localhost:7701' }
  t.ok(isOriginAllowed({ ...local, origin: 'http://localhost:8080' }))
  t.notOk(isOriginAllowed({ ...local, origin: 'http://127.0.0.1:8080' }))
  t.end()
})
