import t from 'tap'
import { mqttWire } from '../../../../bench/generator/wires/mqtt.ts'
import { cutDifferences, framesOf, route, shape, talk, text } from './check-wire.ts'

t.test('a message is a PUBLISH at QoS 0 to the topic of its receiver', async (t) => {
  const expected = Buffer.concat([Buffer.from([0x30, 53, 0, 11]), Buffer.from(`bench-00001${text}`)])
  t.equal(mqttWire.encodeMessage(route, shape).toString('hex'), expected.toString('hex'))
})

t.test('a length of 128 and more takes two bytes', async (t) => {
  const packet = mqttWire.encodeMessage(route, { ...shape, size: 128 })
  // 2 + 11 + 128 = 141 = 13 + 1 · 128
  t.equal(packet.subarray(0, 5).toString('hex'), '308d01000b')
  t.equal(packet.length, 3 + 141)
})

t.test('packets are found wherever the input is cut', async (t) => {
  const short = mqttWire.encodeMessage(route, shape)
  const long = mqttWire.encodeMessage(route, { ...shape, size: 200 })
  const input = Buffer.concat([short, long, short, Buffer.from([0xd0, 0]), short])
  const frames = framesOf(mqttWire, input)
  t.strictSame(
    frames.map((frame) => frame.length),
    [short.length, long.length, short.length, 2, short.length],
  )
  t.strictSame(cutDifferences(mqttWire, input), [])
})

t.test('a login names the user and ends by the return code', async (t) => {
  const login = { userId: 'u', password: 'p' }
  const { said, end } = talk(mqttWire.login(login), [Buffer.from([0x20, 2, 0, 0])])
  t.equal(said[0]?.toString('hex'), '101200044d51545404c200000000000175000170')
  t.match(end, { kind: 'done', consumed: 4 })
  t.match(talk(mqttWire.login(login), [Buffer.from([0x20, 2, 0, 5])]).end, { kind: 'failed', reason: /5/ })
})

t.test('a subscription is at QoS 0, and may be refused', async (t) => {
  const dialogue = mqttWire.subscribe(['a'])
  t.equal(dialogue?.opening.toString('hex'), '8206000100016100')
  t.match(dialogue?.hear(Buffer.from([0x90, 3, 0, 1, 0])), { kind: 'done' })
  t.match(dialogue?.hear(Buffer.from([0x90, 3, 0, 1, 0x80])), { kind: 'failed' })
})
