import { join } from 'node:path'
import t from 'tap'
import { deviceOf } from '../../src/cli/device-access.ts'
import { testContext } from './run-cli.ts'

const target = { connection: { host: 'chat.example' }, userId: 'alice' }

t.test('a user’s device on this machine is the same at every start, for each server with its own cursor', async (t) => {
  const { context } = testContext({ env: { HOME: t.testdir() } })
  const first = await deviceOf(context, {}, target)
  await first.cursorStore?.save('alice', { epoch: 'e1', seq: 3 })
  const second = await deviceOf(context, {}, target)
  t.equal(second.deviceId, first.deviceId)
  t.same(await second.cursorStore?.load('alice'), { epoch: 'e1', seq: 3 })
  const elsewhere = await deviceOf(context, {}, { ...target, connection: { url: 'wss://chat.example' } })
  t.equal(await elsewhere.cursorStore?.load('alice'), undefined)
  t.not((await deviceOf(context, {}, { ...target, userId: 'bob' })).deviceId, first.deviceId)
})

t.test('an option names another file; without a home and without the option there is no device', async (t) => {
  const { context } = testContext({ env: {} })
  t.same(await deviceOf(context, {}, target), {})
  t.match(await deviceOf(context, { device: join(t.testdir(), 'bot') }, target), { deviceId: /^cli-/ })
})
