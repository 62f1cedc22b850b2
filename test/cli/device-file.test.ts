import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { openDevice } from '../../src/cli/device-file.ts'

t.test('the id of a device is made once', async (t) => {
  const path = join(t.testdir(), 'devices', 'alice')
  const { deviceId } = await openDevice(path)
  t.match(deviceId, /^cli-[\w-]{16}$/)
  t.equal((await openDevice(path)).deviceId, deviceId)
  t.not((await openDevice(`${path}2`)).deviceId, deviceId)
  if (process.platform !== 'win32') t.equal(statSync(path).mode & 0o777, 0o600)
})

t.test('each server has a cursor of its own, and the last one counts', async (t) => {
  const path = join(t.testdir(), 'alice')
  const device = await openDevice(path)
  const [here, there] = [device.store('127.0.0.1:7700'), device.store('chat.example:7700')]
  t.equal(await here.load('alice'), undefined)
  await here.save('alice', { epoch: 'e1', seq: 5 })
  await there.save('alice', { epoch: 'e9', seq: 1 })
  await here.save('alice', { epoch: 'e2', seq: 3 })
  const again = await openDevice(path)
  t.same(await again.store('127.0.0.1:7700').load('alice'), { epoch: 'e2', seq: 3 })
  t.same(await again.store('chat.example:7700').load('alice'), { epoch: 'e9', seq: 1 })
  t.equal(await again.store('__proto__').load('alice'), undefined)
})

t.test('a file that is something else is told, and not written over', async (t) => {
  for (const text of ['no JSON', '{"deviceId":5}', '{"deviceId":"x","cursors":{"a":{"epoch":"e1","seq":-1}}}']) {
    const path = join(t.testdir(), 'alice')
    writeFileSync(path, text)
    await t.rejects(openDevice(path), { exitCode: 1, message: /alice, can't be used/ })
    t.equal(readFileSync(path, 'utf8'), text)
  }
})
