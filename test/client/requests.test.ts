import t from 'tap'
import { ParleyError } from '../../src/client/errors.ts'
import type { IncomingMessage } from '../../src/client/message.ts'
import { type Request, type RequestOptions, Requests } from '../../src/client/requests.ts'

const limits = { requestsMax: 3, queuedMessagesMax: 2, queuedBytesMax: 10 }

function options(log: string[], name: string, more: Partial<RequestOptions> = {}): RequestOptions {
  return {
    body: name,
    callbackId: name,
    answerer: '',
    timeoutMs: 10_000,
    answered: (message) =>
      void log.push(`${name} answered by ${message === undefined ? 'nobody' : message.from || 'server'}`),
    failed: (error) => void log.push(`${name} ${error.code}`),
    ...more,
  }
}

function add(requests: Requests, given: RequestOptions): Request {
  const request = requests.add(given)
  if (request instanceof ParleyError) throw request
  return request
}

function answer(callbackId: string, from = '', content: unknown = { Success: true }): IncomingMessage {
  return { type: 'CommonResponse', from, content, envelope: { MsgType: 'CommonResponse', CallbackID: callbackId } }
}

t.test('only what was sent is answered, once, and by whom it was asked', async (t) => {
  const log: string[] = []
  const requests = new Requests(limits)
  const a = add(requests, options(log, 'a'))
  t.notOk(requests.answer(answer('a')), 'not sent yet')
  requests.sent(a)
  t.notOk(requests.answer(answer('a', 'mallory')))
  t.ok(requests.answer(answer('a')))
  t.notOk(requests.answer(answer('a')))
  const b = add(requests, options(log, 'b', { answerer: 'bob' }))
  requests.sent(b)
  t.notOk(requests.answer(answer('b', 'mallory')))
  t.ok(requests.answer(answer('b')), 'the server’s receipt is taken and settles nothing')
  t.ok(requests.answer(answer('b', 'bob')))
  t.notOk(requests.answer(answer('__proto__')))
  t.same(log, ['a answered by server', 'b answered by bob'])
  t.notOk(requests.isBusy)
})

t.test('a reply that carries the id of another request takes the server’s answer, not the user’s', async (t) => {
  const log: string[] = []
  const requests = new Requests(limits)
  const question = add(requests, options(log, 'x', { answerer: 'bob', body: 'question' }))
  const reply = add(requests, {
    ...options(log, 'x', { body: 'reply' }),
    answered: (message) => void log.push(`reply answered by ${message?.from || 'server'}`),
  })
  requests.sent(question)
  requests.sent(reply)
  t.ok(requests.answer(answer('x')))
  t.ok(requests.answer(answer('x', 'bob')))
  t.same(log, ['reply answered by server', 'x answered by bob'])
})

t.test('the queue keeps order, count and size', async (t) => {
  const log: string[] = []
  const requests = new Requests(limits)
  requests.enqueue(add(requests, options(log, 'one', { callbackId: undefined })))
  requests.enqueue(add(requests, options(log, 'two', { callbackId: undefined })))
  requests.enqueue(add(requests, options(log, 'three', { callbackId: undefined })))
  t.same(log, ['three queue_full'])
  const first = requests.dequeue()
  t.equal(first?.options.body, 'one')
  if (first !== undefined) requests.sent(first)
  requests.enqueue(add(requests, options(log, '12345678', { callbackId: undefined })))
  t.same(log, ['three queue_full', 'one answered by nobody', '12345678 queue_full'])
  const second = requests.dequeue()
  if (second !== undefined) requests.sent(second)
  requests.enqueue(add(requests, options(log, 'longer than all', { callbackId: undefined })))
  t.equal(requests.queuedCount, 1, 'one that is larger than the whole queue may wait alone')
  requests.failAll(new ParleyError('closed'))
  t.equal(requests.dequeue(), undefined)
})

t.test('no more wait for answers than the limit', async (t) => {
  const log: string[] = []
  const requests = new Requests(limits)
  for (const name of ['a', 'b', 'c']) requests.sent(add(requests, options(log, name)))
  t.match(requests.add(options(log, 'd')), { code: 'queue_full' })
  requests.answer(answer('b'))
  requests.sent(add(requests, options(log, 'd')))
  requests.failSent(new ParleyError('connection_lost'))
  t.same(log, ['b answered by server', 'a connection_lost', 'c connection_lost', 'd connection_lost'])
})

t.test('what is queued outlives a lost connection, what is sent does not', async (t) => {
  const log: string[] = []
  const requests = new Requests(limits)
  requests.sent(add(requests, options(log, 'sent')))
  requests.enqueue(add(requests, options(log, 'queued')))
  requests.failSent(new ParleyError('connection_lost'))
  t.same(log, ['sent connection_lost'])
  const queued = requests.dequeue()
  t.equal(queued?.options.body, 'queued')
  requests.failAll(new ParleyError('closed'))
  t.same(log, ['sent connection_lost', 'queued closed'])
})

t.test('time runs in the queue, too, and what has timed out is not sent any more', async (t) => {
  const requests = new Requests(limits)
  await new Promise<void>((resolve) => {
    const failed = (error: ParleyError): void => {
      t.match(error, { code: 'timeout', message: /has not left/ })
      resolve()
    }
    requests.enqueue(add(requests, options([], 'a', { timeoutMs: 1, failed })))
  })
  t.equal(requests.dequeue(), undefined)
  t.notOk(requests.isBusy)
})
