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
  t.match(await told.sender.deliver('Own', { a: 1 }, { to: 'bob', callbackId: '7' }), { status: 'stored' })
  t.match(told.envelope(), { ToUserId: 'bob', MsgType: 'Own', CallbackID: '7', Content: '{"a":1}' })
  t.match(told.sent[0], { answerer: '', timeoutMs: 7, callbackId: '7' })
  const untold = start()
  t.match(await untold.sender.deliver('Own', {}, { to: 'bob', callbackId: undefined }), { status: 'unconfirmed' })
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

t.test('every message to a user has an id of its own, and is sent again if need be', async (t) => {
  const { sender, sent, envelope } = start()
  const first = await sender.deliver('Own', {}, { to: 'bob', callbackId: '7' })
  t.match(first.clientMsgId, /^[0-9a-f]{32}-1$/)
  t.match(envelope(), { ClientMsgId: first.clientMsgId })
  t.equal(sent.at(-1)?.isRepeatable, true)
  const second = await sender.deliver('Own', {}, { to: 'bob', callbackId: undefined })
  t.not(second.clientMsgId, first.clientMsgId)
  t.equal(sent.at(-1)?.isRepeatable, false, 'nobody would know when to stop')
  await sender.deliver('Own', {}, { to: 'bob', callbackId: '7', volatile: true })
  t.match(envelope(), { Volatile: true, ClientMsgId: /./ })
  t.equal(sent.at(-1)?.isRepeatable, false)
})

/** A sender whose messages are answered with these codes, one after the other; empty: delivered. */
function refusing(codes: string[], options: { random?: () => number } = {}) {
  const sent: string[] = []
  const sender = new Sender(readOptions({ random: options.random ?? (() => 0) }), new EnvelopeWriter(), (request) => {
    const code = codes.shift()
    sent.push(JSON.parse(request.body).ClientMsgId)
    if (code === 'timeout') return request.failed(new ParleyError('timeout'))
    const answer = code ? { Success: false, Code: code } : { Success: true, Data: { Status: 'delivered' } }
    const message = readMessage(JSON.stringify({ MsgType: 'CommonResponse', Content: JSON.stringify(answer) }))
    if (!(message instanceof ParleyError)) setImmediate(() => request.answered(message))
  })
  return { sender, sent }
}

t.test('what is refused for the moment is tried again with the same id, and not overtaken', async (t) => {
  const { sender, sent } = refusing(['server_busy', 'storage_full', ''])
  const first = sender.deliver('Own', {}, { to: 'bob', callbackId: '1', clientMsgId: 'a', retry: true })
  const second = sender.deliver('Own', {}, { to: 'bob', callbackId: '2', clientMsgId: 'b' })
  const other = sender.deliver('Own', {}, { to: 'carol', callbackId: '3', clientMsgId: 'c' })
  await t.rejects(other, { code: 'storage_full', clientMsgId: 'c', retryable: true })
  t.match(await first, { status: 'delivered' })
  t.match(await second, { status: 'delivered' })
  t.same(sent, ['a', 'c', 'a', 'b'])
})

t.test('what is refused for good, or not known to be refused, is not tried again', async (t) => {
  for (const code of ['user_unknown', 'timeout']) {
    const { sender, sent } = refusing([code])
    await t.rejects(sender.deliver('Own', {}, { to: 'bob', callbackId: '1', retry: true }), { code })
    t.equal(sent.length, 1)
  }
  const { sender } = refusing([])
  await t.rejects(sender.deliver('Own', {}, { to: 'bob', callbackId: undefined, retry: true }), {
    code: 'bad_argument',
  })
})

t.test('tries end with the time, and with the client', async (t) => {
  const late = refusing(['server_busy', 'server_busy'], { random: () => 0.9 })
  await t.rejects(late.sender.deliver('Own', {}, { to: 'bob', callbackId: '1', retry: true, timeoutMs: 100 }), {
    code: 'server_busy',
  })
  t.equal(late.sent.length, 1, 'the pause would have been longer')
  const closed = refusing(['server_busy', 'timeout'], { random: () => 0.9 })
  const sending = closed.sender.deliver('Own', {}, { to: 'bob', callbackId: '1', retry: true, timeoutMs: 60_000 })
  await new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)))
  closed.sender.close()
  await t.rejects(sending, { code: 'timeout' })
})
