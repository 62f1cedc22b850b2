import t from 'tap'
import { beginning } from '../../src/mailbox/position.ts'
import { Devices, sharedDevice } from '../../src/store/devices.ts'

function at(seq: number, epoch = 1): { epoch: number; seq: number } {
  return { epoch, seq }
}

t.test('nothing is kept longer than the slowest device needs it; the shared one counts only alone', async (t) => {
  const devices = new Devices()
  t.strictSame(devices.floor(), beginning)
  devices.see(sharedDevice, beginning, 1)
  devices.acknowledge(sharedDevice, at(5), 1)
  t.strictSame(devices.floor(), at(5))
  devices.see('phone', at(5), 1)
  devices.see('desk', at(5), 1)
  devices.acknowledge('phone', at(9), 2)
  t.strictSame(devices.floor(), at(5))
  devices.acknowledge('desk', at(7), 2)
  t.strictSame(devices.floor(), at(7))
  t.strictSame(devices.furthest(), at(9))
})

t.test('a cursor never goes back, and nobody moves that of a stranger', async (t) => {
  const devices = new Devices()
  devices.see('phone', at(3), 1)
  t.equal(devices.acknowledge('phone', at(8), 1), true)
  t.equal(devices.acknowledge('phone', at(7), 1), false)
  t.strictSame(devices.byName.get('phone')?.cursor, at(8))
  t.equal(devices.acknowledge('desk', at(8), 1), false)
})

t.test('what is lost is counted for those who had not acknowledged it, until they go on behind it', async (t) => {
  const devices = new Devices()
  devices.see('phone', at(3), 1)
  devices.see('desk', at(9), 1)
  t.strictSame(devices.lose(1, 2, 6), ['phone'])
  t.match(devices.byName.get('phone'), { missing: 3, lost: at(6) })
  devices.acknowledge('phone', at(5), 1)
  t.match(devices.byName.get('phone'), { missing: 3 })
  devices.acknowledge('phone', at(6), 1)
  t.match(devices.byName.get('phone'), { missing: 0, lost: beginning })
})

t.test('devices are forgotten when they stayed away, and the one away longest when there are too many', async (t) => {
  const devices = new Devices()
  for (const [index, name] of [sharedDevice, 'a', 'b', 'c'].entries()) devices.see(name, beginning, index)
  t.equal(devices.stalest(3), undefined)
  t.equal(devices.stalest(2), 'a')
  t.strictSame(devices.forget(3), ['a', 'b'])
  t.strictSame([...devices.byName.keys()], [sharedDevice, 'c'])
})

t.test('what nobody can count is missing for whoever has not acknowledged it', async (t) => {
  const devices = new Devices()
  devices.see('phone', { epoch: 1, seq: 5 }, 1)
  devices.see('desk', { epoch: 1, seq: 2 }, 1)
  devices.lose(1, 3, 3)
  t.strictSame(devices.miss({ epoch: 1, seq: 5 }), ['desk'])
  t.match(devices.byName.get('desk'), { missing: 0, lost: { epoch: 1, seq: 5 } })
  t.match(devices.byName.get('phone'), { missing: 0, lost: { epoch: 0 } })
  t.strictSame(devices.miss({ epoch: 1, seq: 4 }), [], 'it knows of a later one')
  devices.acknowledge('desk', { epoch: 1, seq: 6 }, 2)
  t.match(devices.byName.get('desk'), { lost: { epoch: 0 } })
})
