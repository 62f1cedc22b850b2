import t from 'tap'
import { natsWire } from '../../../../bench/generator/wires/nats.ts'
import { cutDifferences, framesOf, route, shape, talk, text } from './check-wire.ts'

const message = `MSG bench-00001 1 40\r\n${text}\r\n`

t.test('a message is a PUB to the subject of its receiver', async (t) => {
  t.equal(natsWire.encodeMessage(route, shape).toString(), `PUB bench-00001 40\r\n${text}\r\n`)
  t.equal(natsWire.encodeBroadcast(route, shape).toString(), `PUB everyone 40\r\n${text}\r\n`)
})

t.test('frames are found wherever the input is cut', async (t) => {
  const other = 'MSG bench-00001 1 3\r\nabc\r\n'
  const input = Buffer.from(`${message}PING\r\n${message}${other}${message}`)
  t.strictSame(framesOf(natsWire, input), [message, 'PING\r\n', message, other, message])
  t.strictSame(cutDifferences(natsWire, input), [])
})

t.test('a login is done with the PONG, and an error ends it', async (t) => {
  const login = { userId: 'u', password: 'p' }
  const { said, end } = talk(natsWire.login(login), ['INFO {}\r\n', 'PONG\r\n'])
  t.match(said[0]?.toString(), /^CONNECT \{.*"user":"u","pass":"p"\}\r\nPING\r\n$/)
  t.match(end, { kind: 'done' })
  const refused = talk(natsWire.login(login), ['INFO {}\r\n', "-ERR 'Authorization Violation'\r\n"])
  t.match(refused.end, { kind: 'failed', reason: /Authorization/ })
})

t.test('a subscription names its topics', async (t) => {
  t.equal(natsWire.subscribe(['a', 'b'])?.opening.toString(), 'SUB a 1\r\nSUB b 2\r\nPING\r\n')
})

t.test('a PING is answered, an error is a complaint', async (t) => {
  t.strictSame(natsWire.control(Buffer.from('PING\r\n')), Buffer.from('PONG\r\n'))
  t.equal(natsWire.control(Buffer.from('PONG\r\n')), 'nothing')
  t.equal(natsWire.control(Buffer.from("-ERR 'Slow Consumer'\r\n")), 'complaint')
})
