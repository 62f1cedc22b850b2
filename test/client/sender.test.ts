import t from 'tap'
import { EnvelopeWriter } from '../../src/client/envelope-writer.ts'
import { ParleyError } from '../../src/client/errors.ts'
import { readMessage } from '../../src/client/message.ts'
import { readOptions } from '../../src/client/options.ts'
import type { RequestOptions } from '../../src/client/requests.ts'
import { Sender } from '../../src/client/sender.ts'

function start(answer?: object): { sender: Sender; sent: RequestOptions[]; envelope(): Record<string, unknown> } {
  const sent: RequestOptions[] = []
  const sender = new Sender(readOptions({ requestTimeoutMs: 7 }), new EnvelopeWriter(), (request) => {
    sent.push(request)
    if (answer === undefined) return request.answered(undefined)
    const message = readMessage(JSON.stringify({ MsgType: 'CommonResponse', Content: JSON.stringify(answer) }))
    if (!(message instanceof ParleyError)) request.answered(message)
  })
  return { sender, sent, envelope: () => JSON.parse(sent.at(-1)?.body ?? '') }
}

t.test('a message to a user: what became of it, or that nothing is known', async (t) => {
  const told = start({ Success: true, Data: { Status: 'stored' } })
  t.strictSame(await told.sender.deliver('Own', { a: 1 }, { to: 'bob', callbackId: '7' }), { status: 'stored' })
  t.match(told.envelope(), { ToUserId: 'bob', MsgType: 'Own', CallbackID: '7', Content: '{"a":1}' })
  t.match(told.sent[0], { answerer: '', timeoutMs: 7, callbackId: '7' })
  const untold = start()
  t.strictSame(await untold.sender.deliver('Own', {}, { to: 'bob', callbackId: undefined }), { status: 'unconfirmed' })
})

t.test('a question has an id of its own, and a failure is thrown', async (t) => {
  const asked = start({ Success: true })
  t.match(await asked.sender.ask('Own', {}, {}), { content: { Success: true } })
  t.match(asked.envelope(), { CallbackID: /./ })
  await asked.sender.ask('Own', {}, { to: 'bob', timeoutMs: 9 })
  t.match(asked.sent[1], { answerer: 'bob', timeoutMs: 9 })
  await t.rejects(start({ Success: false, Code: 'user_offline' }).sender.ask('Own', {}, {}), { code: 'user_offline' })
})

t.test('ids and times that are given stand in the envelope', async (t) => {
  const { sender, envelope } = start()
  await sender.deliver('Own', {}, { to: 'bob', callbackId: undefined, clientMsgId: 'm', createTime: 5 })
  t.match(envelope(), { ClientMsgId: 'm', CreateTime: 5 })
})

t.test('without keys nothing is signed', async (t) => {
  const { sender, sent } = start()
  await t.rejects(sender.deliver('Own', {}, { to: 'bob', callbackId: '7', sign: 'PS256' }), { code: 'key_required' })
  t.equal(sent.length, 0)
  t.throws(() => sender.keys, { code: 'key_required' })
})
