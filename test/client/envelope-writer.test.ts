import t from 'tap'
import { EnvelopeWriter, presenceCommand } from '../../src/client/envelope-writer.ts'

t.test('only fields that are given stand in an envelope', async (t) => {
  const writer = new EnvelopeWriter()
  const before = Math.floor(Date.now() / 1000)
  const { CreateTime, ...rest } = JSON.parse(writer.write('Own', { a: 1 }))
  t.same(rest, { MsgType: 'Own', Content: '{"a":1}' })
  t.ok(CreateTime >= before && CreateTime <= before + 5)
})

t.test('the sender’s name stands in messages to users, once it is known', async (t) => {
  const writer = new EnvelopeWriter()
  t.equal(JSON.parse(writer.write('Own', {}, { to: 'bob' })).FromUserId, undefined)
  writer.userId = 'alice'
  t.match(JSON.parse(writer.write('Own', {}, { to: 'bob', callbackId: 'x' })), {
    ToUserId: 'bob',
    FromUserId: 'alice',
    CallbackID: 'x',
  })
  t.equal(JSON.parse(writer.write('Own', {})).FromUserId, undefined)
})

t.test('no two ids are the same, not even of two clients', async (t) => {
  const writers = [new EnvelopeWriter(), new EnvelopeWriter()]
  const ids = writers.flatMap((writer) => Array.from({ length: 100 }, () => writer.nextId()))
  t.equal(new Set(ids).size, 200)
  t.match(ids[0], /^[0-9a-f]{16}-1$/)
})

t.test('presence is a command', async (t) => {
  t.same(presenceCommand(false), { Command: 'presence', Data: { On: false } })
})
