import { statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { reserveSuffix, SpaceReserve } from '../../src/store/space-reserve.ts'

t.test('the room is really taken, given up, and looked for again after a while', async (t) => {
  const path = join(t.testdir(), 'parley.db')
  const size = () => statSync(path + reserveSuffix, { throwIfNoEntry: false })?.size
  let now = 0
  const reserve = new SpaceReserve(path, 3_000_000, () => now)
  t.equal(reserve.hasRoom(), true)
  t.equal(size(), 3_000_000)
  reserve.giveUp()
  t.equal(size(), undefined)
  t.equal(reserve.hasRoom(), false, 'not at once')
  now = 500
  t.equal(reserve.hasRoom(), true)
  t.equal(size(), 3_000_000)
})

t.test('where it can not be taken there is no room', async (t) => {
  const path = join(t.testdir(), 'missing', 'parley.db')
  let now = 0
  const reserve = new SpaceReserve(path, 1000, () => now)
  t.equal(reserve.hasRoom(), false)
  now = 1000
  t.equal(reserve.hasRoom(), false)
})

t.test('none is kept where none is wanted', async (t) => {
  const path = join(t.testdir(), 'parley.db')
  const reserve = new SpaceReserve(path, 0, () => 0)
  t.equal(reserve.hasRoom(), true)
  t.equal(statSync(path + reserveSuffix, { throwIfNoEntry: false }), undefined)
})
