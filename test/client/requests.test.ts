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
  requests.connectionLost(new ParleyError('connection_lost'), true)
  t.same(log, ['b answered by server', 'a connection_lost', 'c connection_lost', 'd connection_lost'])
})

t.test('what is queued outlives a lost connection, what is sent does not', async (t) => {
  const log: string[] = []
  const requests = new Requests(limits)
  requests.sent(add(requests, options(log, 'sent')))
  requests.enqueue(add(requests, options(log, 'queued')))
  requests.connectionLost(new ParleyError('connection_lost'), true)
  t.same(log, ['sent connection_lost'])
  const queued = requests.dequeue()
  t.equal(queued?.options.body, 'queued')
  requests.failAll(new ParleyError('closed'))
  t.same(log, ['sent connection_lost', 'queued closed'])
})

t.test('what is repeatable waits to be sent again, before everything else and in its order', async (t) => {
  const log: string[] = []
  const requests = new Requests({ ...limits, requestsMax: 10, queuedMessagesMax: 10 })
  const again = { isRepeatable: true }
  const [first, second, third] = ['1', '2', '3'].map((name) => add(requests, options(log, name, again)))
  for (const request of [third, first, second]) if (request !== undefined) requests.sent(request)
  requests.sent(add(requests, options(log, 'once')))
  requests.enqueue(add(requests, options(log, 'new')))
  requests.connectionLost(new ParleyError('connection_lost'), true)
  t.same(log, ['once connection_lost'])
  t.ok(requests.isBusy)
  t.equal(requests.answer(answer('1')), false, 'nobody is asked just now')
  const order: (string | undefined)[] = []
  for (let request = requests.dequeue(); request !== undefined; request = requests.dequeue()) {
    order.push(request.options.body)
    requests.sent(request)
  }
  t.same(order, ['1', '2', '3', 'new'])
  t.ok(requests.answer(answer('1')))
  requests.connectionLost(new ParleyError('connection_lost'), false)
  t.same(log.slice(1), ['1 answered by server', '2 connection_lost', '3 connection_lost', 'new connection_lost'])
})

t.test('a request to a user that the server has taken is not sent again, and waits on', async (t) => {
  const log: string[] = []
  const requests = new Requests(limits)
  requests.sent(add(requests, options(log, 'a', { answerer: 'bob', isRepeatable: true })))
  t.ok(requests.answer(answer('a')))
  requests.connectionLost(new ParleyError('connection_lost'), true)
  t.equal(requests.dequeue(), undefined)
  t.ok(requests.answer(answer('a', 'bob')))
  t.same(log, ['a answered by bob'])
})

t.test('what was sent once is not known to be lost, whatever ends it', async (t) => {
  const errors: ParleyError[] = []
  const failed = (error: ParleyError): void => void errors.push(error)
  const requests = new Requests(limits)
  requests.sent(add(requests, options([], 'a', { isRepeatable: true, failed })))
  requests.connectionLost(new ParleyError('connection_lost'), true)
  requests.enqueue(add(requests, options([], 'b', { isRepeatable: true, failed })))
  requests.failAll(new ParleyError('closed'))
  t.match(errors[0], { code: 'closed', message: /may or may not/ })
  t.match(errors[1], { code: 'closed', message: 'The client is closed.' })
  await new Promise<void>((resolve) => {
    const late = (error: ParleyError): void => {
      t.match(error, { code: 'timeout', message: /may or may not have arrived. Sent again with the same clientMsgId/ })
      resolve()
    }
    requests.sent(add(requests, options([], 'c', { timeoutMs: 1, isRepeatable: true, failed: late })))
    requests.connectionLost(new ParleyError('connection_lost'), true)
  })
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
