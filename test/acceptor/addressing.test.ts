import t from 'tap'
import { addressingOf } from '../../src/acceptor/addressing.ts'
import { EnvelopeReader } from '../../src/protocol/envelope-reader.ts'

function read(text: string): ReturnType<typeof addressingOf> {
  const body = Buffer.from(`..${text}`)
  const envelope = new EnvelopeReader()
  t.equal(envelope.read(body, 2, body.length), undefined)
  return addressingOf(envelope, 2)
}

t.test('the receiver is decoded, and an empty CallbackID asks for nothing', async (t) => {
  const { to, toStart, toEnd, callbackId } = read('{"ToUserId":"b\\u006fb","MsgType":"T","CallbackID":""}')
  t.equal(to.toString('utf8', toStart, toEnd), 'bob')
  t.equal(callbackId, undefined)
  t.equal(read('{"ToUserId":"bob","MsgType":"T","CallbackID":"\\u0031"}').callbackId, '1')
})

t.test('the sender is written behind the brace, over a null, or not at all', async (t) => {
  t.match(read('{"ToUserId":"b","MsgType":"T"}'), { senderAt: 1, senderIsNull: false })
  t.match(read('{"MsgType":"T","FromUserId":null,"ToUserId":"b"}'), { senderAt: 28, senderIsNull: true })
  t.match(read('{"MsgType":"T","FromUserId":"a","ToUserId":"b"}'), { senderAt: undefined })
})
