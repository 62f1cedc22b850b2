import t from 'tap'
import { parleyWire } from '../../../../bench/generator/wires/parley.ts'
import { cutDifferences, framesOf, route, shape, talk } from './check-wire.ts'

const login = { userId: 'u', password: 'p' }

function answer(content: object): string {
  return `\x02${JSON.stringify({ MsgType: 'AuthResponse', Content: JSON.stringify(content) })}\x03`
}

t.test('a broadcast has no receiver and its own type', async (t) => {
  const frame = parleyWire.encodeBroadcast(route, shape).toString().slice(1, -1)
  const envelope = JSON.parse(frame) as Record<string, string>
  t.equal(envelope['MsgType'], 'BroadcastRequest')
  t.notOk('ToUserId' in envelope)
})

t.test('frames are found wherever the input is cut', async (t) => {
  const message = parleyWire.encodeMessage(route, shape)
  const input = Buffer.concat([message, Buffer.from('\x02{}\x03'), message, message])
  t.equal(framesOf(parleyWire, input).length, 4)
  t.strictSame(cutDifferences(parleyWire, input), [])
})

t.test('a login waits for the answer and takes the token', async (t) => {
  const other = '\x02{"MsgType":"HeartbeatRequest","Content":"{}"}\x03'
  const { end } = talk(parleyWire.login(login), [other, answer({ Success: true, Token: 'abc' })])
  t.match(end, { kind: 'done', token: 'abc' })
  const refused = talk(parleyWire.login(login), [answer({ Success: false, Code: 'auth_failed', Message: 'no' })])
  t.match(refused.end, { kind: 'failed', reason: 'auth_failed: no' })
})

t.test('a heartbeat is let pass, an error is a complaint', async (t) => {
  t.equal(parleyWire.control(Buffer.from('{"MsgType":"HeartbeatRequest"}')), 'nothing')
  t.equal(parleyWire.control(Buffer.from('{"MsgType":"ErrorResponse"}')), 'complaint')
})
