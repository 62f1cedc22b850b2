import t from 'tap'
import {
  acceptorLimits,
  acceptorOptions,
  acceptorThreads,
  listenerOptions,
  ringSizes,
  routerOptions,
} from '../../src/server/thread-options.ts'
import { settingsForTests } from './settings-for-tests.ts'

t.test('a ring takes the longest frame in its longest form, twice in one record', (t) => {
  for (const frameBytesMax of [1024, 2 ** 20, 2 ** 20 + 1, 3_000_000, 4 * 2 ** 20]) {
    const { toRouterBytes, toAcceptorBytes } = ringSizes(frameBytesMax)
    for (const bytes of [toRouterBytes, toAcceptorBytes]) {
      t.equal(Math.log2(bytes) % 1, 0, 'a power of two')
      // A broadcast crosses with its content and its frame, in UTF-8 each 1.5 times its bytes in GB18030.
      t.ok(bytes / 2 >= 2 * 1.5 * frameBytesMax + 10_000, `${frameBytesMax}`)
    }
  }
  t.end()
})

t.test('settings become limits', (t) => {
  const settings = settingsForTests(t.testdir(), {
    FRAME_BYTES_MAX: '4096',
    ADDRESS_CONNECTIONS_MAX: '0',
    OUTPUT_BYTES_MAX: '65536',
  })
  const limits = acceptorLimits(settings, 500)
  t.match(limits, { connectionsMax: 500, addressConnectionsMax: 500, frameBytesMax: 4096, outputBytesMax: 65_536 })
  t.equal(limits.frameBytesBeforeLoginMax, 4096, 'no more before login than after it')
  const own = acceptorLimits(settingsForTests(t.testdir(), { ADDRESS_CONNECTIONS_MAX: '7' }), 500)
  t.match(own, { addressConnectionsMax: 7, frameBytesBeforeLoginMax: 8192 })
  t.end()
})

t.test('settings become listeners, delimiters and the policy', (t) => {
  const settings = settingsForTests(t.testdir(), {
    CHARSET: 'gb18030',
    START_BYTE: '0x01',
    END_BYTE: '0x04',
    SESSION_POLICY: 'multi',
    USER_SESSIONS_MAX: '3',
    WS_ORIGINS: 'https://a.example',
  })
  t.match(listenerOptions(settings), [
    { kind: 'tcp', host: '127.0.0.1', port: 0, charset: 'gb18030' },
    { kind: 'ws', host: '127.0.0.1', port: 0, origins: ['https://a.example'] },
  ])
  t.match(acceptorOptions(settings, 5, Buffer.alloc(32)), {
    delimiters: { start: 1, end: 4 },
    limits: { connectionsMax: 5 },
  })
  t.match(routerOptions(settings, 1), { delimiters: { start: 1, end: 4 }, sessionPolicy: 'multi', userSessionsMax: 3 })
  t.end()
})

t.test('settings become the checks of signatures', (t) => {
  const plain = acceptorOptions(settingsForTests(t.testdir()), 5, Buffer.alloc(32)).signatures
  t.match(plain, { requiresSigning: false, allowsRs256: false, replays: { windowS: 300 } })
  t.equal(plain.weChatToken, undefined)
  const settings = settingsForTests(t.testdir(), { MIN_SECURITY: 'signed', SUITES: '1,3', WECHAT_TOKEN: 'weixin' })
  const strict = acceptorOptions(settings, 5, Buffer.alloc(32))
  t.match(strict.signatures, { requiresSigning: true, allowsRs256: true, weChatToken: 'weixin' })
  t.ok(routerOptions(settings, 1).replayFloor < Date.now() / 1000)
  t.end()
})

t.test('several acceptors are started only where threads can share a port', (t) => {
  const linux = { system: 'linux', nodeVersion: '24.1.0', cores: 8 }
  t.strictSame(acceptorThreads(0, linux), { count: 2 })
  t.strictSame(acceptorThreads(0, { ...linux, cores: 2 }), { count: 1 })
  t.strictSame(acceptorThreads(0, { ...linux, cores: 64 }), { count: 4 })
  t.strictSame(acceptorThreads(3, linux), { count: 3 })
  for (const platform of [
    { ...linux, nodeVersion: '20.20.2' },
    { ...linux, nodeVersion: '23.0.0' },
    { ...linux, system: 'win32' },
  ]) {
    t.strictSame(acceptorThreads(0, platform), { count: 1 })
    t.match(acceptorThreads(2, platform), { count: 1, warning: /PARLEY_ACCEPTOR_THREADS=2/ })
  }
  t.end()
})
