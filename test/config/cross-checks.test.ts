import t from 'tap'
import { crossProblems, crossWarnings, isLoopback, requiresSealing } from '../../src/config/cross-checks.ts'
import { loadSettings } from '../../src/config/load-settings.ts'
import type { Settings } from '../../src/config/settings.ts'

function defaults(): Settings {
  const loaded = loadSettings({ flags: {}, env: {}, envFile: undefined })
  if (loaded.kind !== 'loaded') throw new Error(loaded.problems.join())
  return loaded.settings
}

function problems(changes: Partial<Settings>): string[] {
  return crossProblems({ ...defaults(), ...changes }).map((problem) => problem.message)
}

t.test('the defaults break no rule', async (t) => {
  t.same(problems({}), [])
  t.same(crossWarnings(defaults()), [])
})

t.test('delimiters must differ and must not occur in a body', async (t) => {
  t.match(problems({ startByte: 3, endByte: 3 }), [/PARLEY_START_BYTE.*differ/])
  t.match(problems({ startByte: 0x41 }), [/start byte 0x41/])
  for (const byte of [0x09, 0x0a, 0x0d, 0x20, 0x7f, 0xc2, 0xf4]) {
    t.equal(problems({ endByte: byte }).length, 1, `0x${byte.toString(16)}`)
  }
  for (const byte of [0x00, 0x1f, 0xc0, 0xc1, 0xf5, 0xff]) {
    t.same(problems({ endByte: byte }), [], `0x${byte.toString(16)}`)
  }
})

t.test('in GB18030 only 0xff is free above the control characters', async (t) => {
  t.same(problems({ charset: 'gb18030', startByte: 0xff }), [])
  t.equal(problems({ charset: 'gb18030', startByte: 0xc0 }).length, 1)
})

t.test('two listeners need two ports, unless both are free ones', async (t) => {
  t.match(problems({ port: 9000, wsPort: 9000 }), [/PARLEY_PORT, PARLEY_WS_PORT.*9000/])
  t.same(problems({ port: 0, wsPort: 0 }), [])
})

t.test('the least number of threads is at most the most', async (t) => {
  t.same(problems({ poolMinThreads: 3, poolMaxThreads: 3 }), [])
  t.match(problems({ poolMinThreads: 4, poolMaxThreads: 3 }), [/\(4\).*\(3\)/])
})

t.test('the output of a client has room for a frame', async (t) => {
  t.match(problems({ frameBytesMax: 2 ** 21 }), [/PARLEY_OUTPUT_BYTES_MAX/])
})

t.test('a hash may not cost more than the server would check', async (t) => {
  t.same(problems({ argon2MemoryKib: 262_144, argon2Passes: 4 }), [])
  t.match(problems({ argon2MemoryKib: 262_144, argon2Passes: 5 }), [/memory times passes/])
})

t.test('plain sessions with other machines have to be asked for', async (t) => {
  t.match(problems({ minSecurity: 'plain', host: '0.0.0.0' }), [/PARLEY_MIN_SECURITY.*--insecure/])
  t.same(problems({ minSecurity: 'plain', host: '0.0.0.0', insecure: true }), [])
  for (const minSecurity of ['sealed', 'signed'] as const) t.same(problems({ minSecurity, host: '0.0.0.0' }), [])
})

t.test('where sessions must be sealed', async (t) => {
  const required = (minSecurity: 'plain' | 'sealed' | 'signed', host: string, insecure = false): boolean =>
    requiresSealing({ minSecurity, host, insecure })
  t.ok(required('sealed', '127.0.0.1'))
  t.ok(required('signed', '10.0.0.1'))
  t.notOk(required('signed', '127.0.0.1'))
  t.notOk(required('signed', '10.0.0.1', true))
  t.notOk(required('plain', '10.0.0.1', true))
})

t.test('a suite without forward secrecy is warned about', async (t) => {
  t.match(crossWarnings({ ...defaults(), suites: [1, 3] }), [/PARLEY_SUITES has 3/])
})

t.test('a rule is left out when one of its settings could not be read', async (t) => {
  t.same(crossProblems({ port: 9000 }), [])
})

t.test('listening for other machines in plain is warned about', async (t) => {
  t.match(crossWarnings({ ...defaults(), host: '0.0.0.0', selfRegistration: true }), [/passwords/, /make accounts/])
  t.same(crossWarnings({ ...defaults(), host: '0.0.0.0', minSecurity: 'sealed' }), [])
})

t.test('the addresses of this machine are known', async (t) => {
  for (const host of ['localhost', '127.0.0.1', '127.8.8.8', '::1']) t.ok(isLoopback(host), host)
  for (const host of ['0.0.0.0', '::', '10.0.0.1', '127.example']) t.notOk(isLoopback(host), host)
})
