import t from 'tap'
import { helpText } from '../../bench/help-text.ts'
import { isLoopback } from '../../bench/option-values.ts'
import { type RunSettings, readOptions } from '../../bench/options.ts'

function settingsOf(...args: string[]): RunSettings {
  const request = readOptions(args, 2)
  if (request.kind !== 'run') throw new Error(JSON.stringify(request))
  return request.settings
}

function faultsOf(...args: string[]): readonly string[] {
  const request = readOptions(args, 2)
  return request.kind === 'fault' ? request.faults : []
}

t.test('without options everything runs with defaults', async (t) => {
  const settings = settingsOf()
  t.strictSame(settings.scenarios, ['throughput', 'latency', 'logins', 'idle', 'broadcast', 'connect', 'mixed'])
  t.strictSame(settings.servers, ['floor', 'parley'])
  t.strictSame(settings.windows, [64, 1])
  t.match(settings, { pairs: 50, size: 128, rate: 5000, from: 'set', callback: false, generators: 1, json: false })
  t.equal(settings.running, undefined)
})

t.test('options are read', async (t) => {
  const settings = settingsOf('--scenario', 'idle,throughput', '--window', '8,2', '--from', 'absent', '--callback')
  t.strictSame(settings.scenarios, ['throughput', 'idle'], 'in their own order')
  t.strictSame(settings.windows, [8, 2])
  t.match(settings, { from: 'absent', callback: true })
})

t.test('a machine with many cores gets more generators', async (t) => {
  const request = readOptions([], 16)
  t.match(request, { kind: 'run', settings: { generators: 4 } })
})

t.test('all faults are named at once', async (t) => {
  const faults = faultsOf('--pairs', '0', '--size', 'big', '--window', '1,x', '--scenario', 'speed', '--from', 'me')
  t.equal(faults.length, 5)
  t.ok(faults.includes('--pairs must be a whole number from 1 to 10000, not "0"'))
})

t.test('an unknown option is a fault', async (t) => {
  t.match(faultsOf('--pears', '3')[0], /--pears/)
})

t.test('a running server on this machine is taken', async (t) => {
  const { running } = settingsOf('--url', 'parley://127.0.0.1:7700', '--password-file', 'pw', '--pid', '42')
  t.strictSame(running, {
    host: '127.0.0.1',
    port: 7700,
    userPrefix: 'bench-',
    passwordFile: 'pw',
    dataDir: undefined,
    pid: 42,
  })
  t.match(settingsOf('--url', 'parley://[::1]:7700', '--password-file', 'pw').running, { host: '::1' })
})

t.test('a server elsewhere is refused', async (t) => {
  for (const host of ['192.0.2.1', 'example.com', '127.0.0.1.example.com', '[2001:db8::1]', 'localhost.example']) {
    t.match(faultsOf('--url', `parley://${host}:7700`, '--password-file', 'pw')[0], /must name this machine/, host)
  }
  t.ok(isLoopback('127.8.9.1'))
})

t.test('a URL without a port, with another scheme or without a password is refused', async (t) => {
  t.match(faultsOf('--url', 'parley://127.0.0.1', '--password-file', 'pw')[0], /must be like/)
  t.match(faultsOf('--url', 'http://127.0.0.1:7700', '--password-file', 'pw')[0], /must be like/)
  t.match(faultsOf('--url', 'parley://127.0.0.1:7700')[0], /needs --password-file/)
})

t.test('accounts are printed only with a password', async (t) => {
  t.match(readOptions(['--print-accounts', '3', '--password-file', 'pw'], 2), { kind: 'accounts', count: 3 })
  t.equal(faultsOf('--print-accounts', '3').length, 1)
})

t.test('help names every option', async (t) => {
  t.strictSame(readOptions(['--help'], 2), { kind: 'help' })
  for (const option of [
    'scenario',
    'pairs',
    'window',
    'rate',
    'idle',
    'url',
    'json',
    'cpu-prof',
    'print-accounts',
    'security',
    'messages',
  ]) {
    t.match(helpText, `--${option}`)
  }
})

t.test('scenarios may be named without --scenario, and offline runs only when it is asked for', async (t) => {
  t.strictSame(settingsOf('offline', '--stored', '500').scenarios, ['offline'])
  t.strictSame(settingsOf('idle', '--scenario', 'latency').scenarios, ['latency', 'idle'])
  t.notOk(settingsOf().scenarios.includes('offline'))
  t.match(faultsOf('speed'), [/"speed" is neither an option nor a scenario/])
})

t.test('growth runs only when it is asked for', async (t) => {
  t.strictSame(settingsOf('--scenario', 'growth', '--connections', '100,400').growth, [100, 400])
  t.notOk(settingsOf().scenarios.includes('growth'))
})

t.test('a sweep runs throughput and logins, and not on a server that runs already', async (t) => {
  const settings = settingsOf('--sweep', 'PARLEY_POOL_BATCH=1,64')
  t.strictSame(settings.scenarios, ['throughput', 'logins'])
  t.strictSame(settings.windows, [64])
  const url = ['--url', 'parley://127.0.0.1:7700', '--password-file', 'pw']
  t.match(faultsOf('--sweep', 'PARLEY_POOL_BATCH=1,64', ...url), [/no --url beside it/])
})

t.test('results go to files, and result files are compared', async (t) => {
  t.match(readOptions(['--out', 'a.json', '--html', 'a.html'], 2), { files: { json: 'a.json', html: 'a.html' } })
  const compared = readOptions(['--compare', 'a.json', 'b.json', '--html', 'c.html'], 2)
  t.strictSame(compared, { kind: 'compare', results: ['a.json', 'b.json'], html: 'c.html' })
  t.match(faultsOf('--compare', 'a.json'), [/two result files/])
  t.match(faultsOf('a.json'), [/behind --compare only/])
})

t.test('the data directory of a running server takes the place of a password', async (t) => {
  const { running } = settingsOf('--url', 'parley://127.0.0.1:7700', '--data-dir', 'data')
  t.match(running, { dataDir: 'data', passwordFile: undefined })
})

t.test('an unknown level of security and a codec of a later version are refused', async (t) => {
  t.match(faultsOf('--security', 'secret', '--codec', 'msgpack'), [/"secret"/, /"msgpack"/])
  t.match(settingsOf('--security', 'plain', '--codec', 'json'), { security: 'plain', codec: 'json' })
})

t.test('sealed sessions stand beside plain ones, and signed messages beside their check alone', async (t) => {
  t.strictSame(settingsOf('--security', 'sealed').servers, ['plain', 'parley'])
  t.match(faultsOf('--security', 'sealed', '--servers', 'floor'), [/"floor" does not exist/])
  t.match(settingsOf('--security', 'signed'), {
    servers: ['parley'],
    scenarios: ['throughput'],
    signedMessages: 40_000,
  })
  t.match(settingsOf('--security', 'hs256', '--messages', '5000'), { servers: ['parley'], signedMessages: 5000 })
  t.match(faultsOf('--security', 'signed', '--scenario', 'latency'), [/throughput and nothing else/])
})
