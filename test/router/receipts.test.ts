import t from 'tap'
import { newReceipt } from '../../src/router/receipts.ts'
import { RouterWorld } from './router-world.ts'

t.test('receipts are numbered from 1, and never 0', async (t) => {
  const { state } = new RouterWorld()
  const page = { kind: 'page', connection: 1, user: 'ann', end: { epoch: 1, seq: 1 }, isNoted: false } as const
  const step = { state, now: 0, effects: [] }
  t.equal(newReceipt(step, page), 1)
  state.nextReceipt = 0xffff_ffff
  t.equal(newReceipt(step, page), 0xffff_ffff)
  t.equal(newReceipt(step, page), 1)
})
