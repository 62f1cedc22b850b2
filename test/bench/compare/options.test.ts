import t from 'tap'
import { readCompareOptions } from '../../../bench/compare/options.ts'

t.test('without options everything is compared, three times', async (t) => {
  const request = readCompareOptions([])
  if (request.kind !== 'run') throw new Error(request.kind)
  t.match(request.options, { rounds: 3, seconds: 3, windows: [64, 1], clients: 2000, areServersNamed: false })
  t.equal(request.options.works.length, 6)
  t.equal(request.options.servers.length, 13)
})

t.test('works and servers are chosen by name, in the order of their turns', async (t) => {
  const request = readCompareOptions(['--only', 'latency,throughput', '--servers', 'parley,nats'])
  if (request.kind !== 'run') throw new Error(request.kind)
  t.strictSame(request.options.works, ['throughput', 'latency'])
  t.strictSame(request.options.servers, ['nats', 'parley'])
})

t.test('with security the floor stays out, and clients also come back', async (t) => {
  const request = readCompareOptions(['--security', 'sealed'])
  if (request.kind !== 'run') throw new Error(request.kind)
  t.strictSame(request.options.works, ['throughput', 'connect', 'reconnect'])
  t.notOk(request.options.servers.includes('floor'))
  t.match(readCompareOptions(['--only', 'reconnect']), { kind: 'fault', faults: [/--security sealed/] })
  t.match(readCompareOptions(['--security', 'tls']), { kind: 'fault', faults: [/"tls" does not exist/] })
})

t.test('a work may be named without --only', async (t) => {
  t.match(readCompareOptions(['offline']), { kind: 'run', options: { works: ['offline'], stored: 100_000 } })
  t.match(readCompareOptions(['speed']), { kind: 'fault' })
})

t.test('all faults are told at once', async (t) => {
  const request = readCompareOptions(['--only', 'speed', '--servers', 'rabbit', '--rounds', '0'])
  if (request.kind !== 'fault') throw new Error(request.kind)
  t.match(request.faults, [/"speed" does not exist/, /"rabbit" does not exist/, /--rounds must be/])
})

t.test('an unknown option is a fault, and help is help', async (t) => {
  t.equal(readCompareOptions(['--fast']).kind, 'fault')
  t.equal(readCompareOptions(['-h']).kind, 'help')
})
