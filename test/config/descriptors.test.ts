import t from 'tap'
import { connectionsLimit, descriptorLimit, limitInProc } from '../../src/config/descriptors.ts'

t.test('the soft limit is read from the text of /proc/self/limits', async (t) => {
  const text = [
    'Limit                     Soft Limit           Hard Limit           Units     ',
    'Max processes             1                    2                    processes ',
    'Max open files            1024                 524288               files     ',
  ].join('\n')
  t.equal(limitInProc(text), 1024)
  t.equal(limitInProc(text.replace('1024', 'unlimited')), Number.POSITIVE_INFINITY)
  t.equal(limitInProc('nothing'), undefined)
})

t.test('this process has a limit', { skip: process.platform === 'win32' }, async (t) => {
  t.ok((descriptorLimit() ?? 0) > 0)
})

t.test('connections stay below the open files less the reserve, and below the ceiling', async (t) => {
  t.match(connectionsLimit(0, 1024), { connectionsMax: 896, decidedBy: 'descriptors' })
  t.match(connectionsLimit(0, Number.POSITIVE_INFINITY), { connectionsMax: 100_000, decidedBy: 'ceiling' })
  t.match(connectionsLimit(0, 1_048_576), { connectionsMax: 100_000, decidedBy: 'ceiling' })
  t.match(connectionsLimit(500, 1024), { connectionsMax: 500, decidedBy: 'setting' })
  t.match(connectionsLimit(5000, 1024), { connectionsMax: 896, decidedBy: 'descriptors' })
  t.match(connectionsLimit(0, 100), { connectionsMax: 1, decidedBy: 'descriptors' })
})

t.test('where the system does not say, a setting is trusted and the default is careful', async (t) => {
  t.match(connectionsLimit(0, undefined), { connectionsMax: 1024, descriptorLimit: undefined })
  t.match(connectionsLimit(9000, undefined), { connectionsMax: 9000, decidedBy: 'setting' })
})
