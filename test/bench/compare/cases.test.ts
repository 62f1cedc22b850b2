import t from 'tap'
import { comparedCases, filesNeeded, takesPart } from '../../../bench/compare/cases.ts'
import { readCompareOptions } from '../../../bench/compare/options.ts'

const request = readCompareOptions(['--clients', '300'])
if (request.kind !== 'run') throw new Error(request.kind)
const { options } = request

t.test(
  'every work is a case, throughput one for each window, and clients connect to a server that is new and to one that is not',
  async (t) => {
    const names = comparedCases(options).map(({ main }) => main.scenario)
    t.strictSame(names, [
      'throughput',
      'throughput',
      'everyone',
      'latency',
      'broadcast',
      'connect',
      'connect',
      'offline',
      'offline',
    ])
  },
)

t.test('with security clients connect in two ways, and come back all at once', async (t) => {
  const secured = readCompareOptions(['--security', 'sealed', '--clients', '300', '--window', '64'])
  if (secured.kind !== 'run') throw new Error(secured.kind)
  const cases = comparedCases(secured.options)
  t.strictSame(
    cases.map(({ main }) => main.name),
    ['throughput, 64 in flight', '300 connect', '300 resume', '300 come back'],
  )
  for (const { main } of cases) t.ok(main.fits?.('nats'), main.name)
})

t.test('variants are for Parley alone, and XMPP has no broadcast', async (t) => {
  const cases = comparedCases(options)
  const [variant] = cases[0]?.variants ?? []
  t.ok(variant?.case.fits?.('parley'))
  t.notOk(variant?.case.fits?.('nats'))
  const broadcast = cases.find(({ main }) => main.scenario === 'broadcast')
  t.ok(broadcast?.main.fits?.('nats'))
  t.notOk(broadcast?.main.fits?.('ejabberd'))
})

t.test('open files are counted before a work begins', async (t) => {
  t.equal(filesNeeded('connect', options), 600)
})

t.test('servers that store take part in nothing else, and the others not in that', async (t) => {
  const offline = comparedCases({ ...options, works: ['offline'] })
  const rest = comparedCases({ ...options, works: ['throughput', 'broadcast', 'connect'] })
  t.ok(takesPart('jetstream', offline))
  t.notOk(takesPart('nats', offline))
  t.notOk(takesPart('jetstream', rest))
  t.ok(takesPart('nats', rest))
  t.ok(takesPart('parley', offline) && takesPart('parley', rest))
})
