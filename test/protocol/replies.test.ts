import t from 'tap'
import { readContent } from '../../src/protocol/content.ts'
import type { Envelope } from '../../src/protocol/envelope.ts'
import { errors, fault } from '../../src/protocol/errors.ts'
import { type Answered, frameOf, refusal, serverMessage } from '../../src/protocol/replies.ts'

const time = 1_700_000_000

/** An answer as its receiver sees it; its content is checked against the schema of its type. */
function opened(body: string): { envelope: Envelope; content: Record<string, unknown> } {
  const envelope = JSON.parse(body) as Envelope
  const read = readContent(envelope.MsgType, envelope.Content ?? '')
  if ('fault' in read) throw new Error(read.fault.message)
  return { envelope, content: read.value as Record<string, unknown> }
}

function refused(answered: Partial<Answered>, extras = {}): ReturnType<typeof opened> {
  const all: Answered = { type: undefined, toUser: false, callbackId: undefined, ...answered }
  return opened(refusal(all, fault('rate_limited', 'Too fast.'), time, extras))
}

t.test('a message of the server has no sender', async (t) => {
  const { envelope } = opened(serverMessage({ type: 'HeartbeatRequest', content: {}, callbackId: undefined, time }))
  t.strictSame(envelope, { MsgType: 'HeartbeatRequest', CreateTime: time, Content: '{}' })
  t.equal(
    opened(serverMessage({ type: 'HeartbeatResponse', content: {}, callbackId: 'c', time })).envelope.CallbackID,
    'c',
  )
})

t.test('each request that failed gets its own type of answer', async (t) => {
  const types: readonly (readonly [Partial<Answered>, string])[] = [
    [{ type: 'AuthRequest', callbackId: 'c' }, 'AuthResponse'],
    [{ type: 'AuthRequest' }, 'AuthResponse'],
    [{ type: 'UserListRequest', callbackId: 'c' }, 'UserListResponse'],
    [{ type: 'CommonRequest', callbackId: 'c' }, 'CommonResponse'],
    [{ type: 'BroadcastRequest', callbackId: 'c' }, 'CommonResponse'],
    [{ type: 'KickRequest', callbackId: 'c' }, 'CommonResponse'],
    [{ type: 'PasswordRequest', callbackId: 'c' }, 'CommonResponse'],
    [{ type: 'AckRequest', callbackId: 'c' }, 'CommonResponse'],
    [{ type: 'TextMsgRequest', toUser: true, callbackId: 'c' }, 'CommonResponse'],
    [{ type: 'AuthRequest', toUser: true, callbackId: 'c' }, 'CommonResponse'],
    [{ type: 'Own', toUser: true, callbackId: 'c' }, 'CommonResponse'],
    [{ type: 'Own', callbackId: 'c' }, 'ErrorResponse'],
    [{ type: '__proto__', callbackId: 'c' }, 'ErrorResponse'],
    [{ type: 'HeartbeatRequest', callbackId: 'c' }, 'ErrorResponse'],
    [{ type: 'TextMsgRequest', toUser: true }, 'ErrorResponse'],
    [{ type: 'CommonRequest' }, 'ErrorResponse'],
    [{ callbackId: 'c' }, 'ErrorResponse'],
    [{}, 'ErrorResponse'],
  ]
  for (const [answered, type] of types) {
    const { envelope, content } = refused(answered)
    t.equal(envelope.MsgType, type, JSON.stringify(answered))
    t.equal(envelope.CallbackID, answered.callbackId)
    t.equal(envelope.FromUserId, undefined)
    t.equal(envelope.CreateTime, time)
    t.equal(content['Code'], 'rate_limited')
    t.equal(content['Message'], 'Too fast.')
    if (type !== 'ErrorResponse') t.equal(content['Success'], false)
  }
})

t.test('a message to a user that was refused says so in Data.Status', async (t) => {
  const answered = { type: 'TextMsgRequest', toUser: true, callbackId: 'c' }
  t.strictSame(refused(answered).content['Data'], { Status: 'rejected' })
  t.strictSame(refused(answered, { retryAfter: 2 }).content['Data'], { Status: 'rejected', RetryAfter: 2 })
})

t.test('an ErrorResponse says whether to try again, and what a program may want to know', async (t) => {
  t.strictSame(refused({}).content, {
    Code: 'rate_limited',
    Message: 'Too fast.',
    Retryable: errors.rate_limited.retryable,
  })
  t.strictSame(refused({}, { retryAfter: 3, detail: { BytesMax: 1 } }).content['Detail'], {
    RetryAfter: 3,
    BytesMax: 1,
  })
  t.strictSame(refused({}, { retryAfter: 3 }).content['Detail'], { RetryAfter: 3 })
  t.equal(refused({ type: 'AuthRequest' }, { retryAfter: 3 }).content['RetryAfter'], 3)
  t.strictSame(refused({ type: 'UserListRequest', callbackId: 'c' }).content['Items'], [])
})

t.test('a frame is the body between the delimiters, in UTF-8', async (t) => {
  t.equal(frameOf({ start: 2, end: 3 }, '').toString('hex'), '0203')
  t.equal(frameOf({ start: 2, end: 3 }, 'hé😀').toString('hex'), '0268c3a9f09f988003')
  t.equal(frameOf({ start: 0xfe, end: 0xff }, 'a').toString('hex'), 'fe61ff')
  t.equal(frameOf({ start: 2, end: 3 }, 'a\ud800').toString('hex'), '0261efbfbd03', 'half a character is replaced')
})
