import t from 'tap'
import { RequestBatch } from '../../../../bench/generator/request-batch.ts'
import { jetstreamWire } from '../../../../bench/generator/wires/jetstream.ts'
import { mqttQos1Wire } from '../../../../bench/generator/wires/mqtt-qos1.ts'
import { parleyWire } from '../../../../bench/generator/wires/parley.ts'
import { notAnAnswer, refused, type Storing } from '../../../../bench/generator/wires/storing.ts'
import type { Wire } from '../../../../bench/generator/wires/wire.ts'
import { xmppOfflineWire } from '../../../../bench/generator/wires/xmpp-offline.ts'
import { route, shape, talk } from './check-wire.ts'

function storingOf(wire: Wire): Storing {
  if (wire.storing === undefined) throw new Error('nothing is stored')
  return wire.storing
}

/** What a reader says of some answers, which come in a buffer with other things around them. */
function read(wire: Wire, answers: readonly (string | Buffer)[], expected = 0): number[] {
  const reader = storingOf(wire).makeAnswerReader()
  return answers.map((answer) => {
    const bytes = Buffer.concat([Buffer.from('>>'), Buffer.from(answer), Buffer.from('\r\n<<')])
    return reader(bytes, 2, bytes.length - 4, expected)
  })
}

function acknowledged(wire: Wire, messages: readonly (string | Buffer)[]) {
  const acknowledger = storingOf(wire).makeAcknowledger('bench-00001')
  const before = acknowledger.flush()
  for (const message of messages) {
    const bytes = Buffer.concat([Buffer.from('>>'), Buffer.from(message)])
    acknowledger.take(bytes, 2, bytes.length)
  }
  return { before, flushed: acknowledger.flush()?.toString('latin1'), again: acknowledger.flush(), acknowledger }
}

const asking = { ...shape, callback: true }

t.test('requests are numbered in the mark and where the answer will name them', async (t) => {
  const batch = new RequestBatch(parleyWire, route, { shape: { ...asking, clientMsgIds: 'run-' }, capacity: 4 })
  const parley = batch.number(41, 2).toString('utf8').split('\x03')
  t.match(parley[1], /~00007:0000000042~.*"CallbackID":"0000000042","ClientMsgId":"run-0000000042"/)
  const nats = new RequestBatch(jetstreamWire, route, { shape: asking, capacity: 2 }).number(7, 2).toString()
  t.match(nats.split('\r\n')[2], /^PUB inbox\.bench-00001 answer\.bench-00000\.0000000008 40$/)
  const mqtt = new RequestBatch(mqttQos1Wire, route, { shape: asking, capacity: 2 }).number(65_534, 2)
  const second = mqtt.subarray(mqtt.length / 2)
  t.equal(second.readUInt16BE(2 + 2 + 'bench-00001'.length), 1, 'identifiers begin again with 1')
  const xmpp = new RequestBatch(xmppOfflineWire, route, { shape: asking, capacity: 2 }).number(0, 2).toString()
  t.match(xmpp, /^<message to='bench-00001@localhost' .*<r xmlns='urn:xmpp:sm:3'\/>$/)
})

t.test('an answer of Parley counts when it says stored', async (t) => {
  const answer = (id: string, data: string): string =>
    `\x02{"MsgType":"CommonResponse","CreateTime":1,"CallbackID":"${id}","Content":"{\\"Success\\":true,\\"Data\\":${data}}"}\x03`
  const stored = '{\\"Status\\":\\"stored\\",\\"MsgId\\":\\"e1-7-0123456789ab\\"}'
  const answers = [answer('0000000003', stored), answer('0000000004', stored.replace('e1-7', 'e1-10'))]
  t.strictSame(read(parleyWire, answers), [3, 4])
  t.strictSame(read(parleyWire, [answer('0000000003', '{\\"Status\\":\\"rejected\\"}')]), [refused])
  t.strictSame(read(parleyWire, ['\x02{"MsgType":"HeartbeatRequest","Content":"{}"}\x03']), [notAnAnswer])
})

t.test('an answer of JetStream counts when it names the stream', async (t) => {
  const answer = (id: string, body: string): string => `MSG answer.bench-00000.${id} 1 ${body.length}\r\n${body}\r\n`
  const stored = '{"stream":"INBOXES", "seq":9}'
  const answers = [answer('0000000009', stored), answer('0000000010', stored.replace('9', '10'))]
  t.strictSame(read(jetstreamWire, answers), [9, 10])
  t.strictSame(read(jetstreamWire, [answer('0000000009', '{"error":{"code":503}}')]), [refused])
  t.strictSame(read(jetstreamWire, ['PING\r\n']), [notAnAnswer])
})

t.test('an answer of MQTT is placed near the first number without one', async (t) => {
  const answer = (identifier: number): Buffer => Buffer.from([0x40, 2, identifier >> 8, identifier & 0xff])
  t.strictSame(read(mqttQos1Wire, [answer(1), answer(2)]), [0, 1])
  t.strictSame(read(mqttQos1Wire, [answer(1), answer(65_534)], 65_535), [65_535, 65_533])
  t.strictSame(read(mqttQos1Wire, [Buffer.from([0xd0, 0])]), [notAnAnswer])
})

t.test('an answer of XMPP is for all up to its number', async (t) => {
  t.ok(storingOf(xmppOfflineWire).isCumulative)
  const answers = ["<a xmlns='urn:xmpp:sm:3' h='64'/>", "<a h='65' xmlns='urn:xmpp:sm:3'/>", "<a h='0'/>", '<r/>']
  t.strictSame(read(xmppOfflineWire, answers), [63, 64, notAnAnswer, notAnAnswer])
  const begin = storingOf(xmppOfflineWire).beginSending?.('bench-00000')
  if (begin === undefined) throw new Error('nothing is said')
  t.match(talk(begin, ["<enabled xmlns='urn:xmpp:sm:3'/>"]).end, { kind: 'done' })
  t.match(talk(begin, ["<failed xmlns='urn:xmpp:sm:3'/>"]).end, { kind: 'failed' })
})

t.test('Parley is told the last number once, in its epoch', async (t) => {
  const message = (seq: number, epoch = 'e4'): string =>
    `\x02{"MsgId":"${epoch}-${seq}-ab","Seq":${seq},"Epoch":"${epoch}","ServerTime":1,"Content":"{}"}\x03`
  const { before, flushed, again, acknowledger } = acknowledged(parleyWire, [message(9), message(10)])
  t.equal(before, undefined)
  t.match(flushed, '"MsgType":"AckRequest"')
  t.match(flushed, '{\\"Epoch\\":\\"e4\\",\\"Seq\\":10}')
  t.equal(again, undefined)
  t.match(acknowledged(parleyWire, [message(9), message(1, 'e5')]).flushed, '{\\"Epoch\\":\\"e5\\",\\"Seq\\":1}')
  t.match(acknowledger.finish().toString(), '"CallbackID":"finish"')
  const end = Buffer.from('\x02{"MsgType":"CommonResponse","CallbackID":"finish","Content":"{}"}\x03')
  t.ok(acknowledger.isFinished(end, 0, end.length))
})

t.test('JetStream is answered on the last reply subject', async (t) => {
  const message = (reply: string): string => `MSG deliver.bench-00001 1 $JS.ACK.${reply} 2\r\nhi\r\n`
  const { flushed, acknowledger } = acknowledged(jetstreamWire, [message('1'), message('2')])
  t.equal(flushed, 'PUB $JS.ACK.2 0\r\n\r\n')
  t.equal(acknowledger.finish().toString(), 'PUB $JS.ACK.2 finish.bench-00001 4\r\n+ACK\r\n')
  const end = Buffer.from('MSG finish.bench-00001 2 0\r\n\r\n')
  t.ok(acknowledger.isFinished(end, 0, end.length))
})

t.test('MQTT gets an answer to each packet', async (t) => {
  const message = (identifier: number): Buffer => Buffer.from([0x32, 7, 0, 1, 0x61, 0, identifier, 0x68, 0x69])
  const { flushed, again, acknowledger } = acknowledged(mqttQos1Wire, [message(3), message(4)])
  t.equal(Buffer.from(flushed ?? '', 'latin1').toString('hex'), '4002000340020004')
  t.equal(again, undefined)
  t.equal(acknowledger.finish().toString('hex'), 'c000')
  t.ok(acknowledger.isFinished(Buffer.from([0xd0, 0]), 0, 2))
})

t.test('a stream is made once, and a refusal ends it', async (t) => {
  const { setUp } = storingOf(jetstreamWire)
  if (setUp === undefined) throw new Error('nothing is set up')
  const words = (body: string): string[] => [`PONG\r\nMSG setup 9 ${body.length}\r\n${body}\r\n`]
  t.match(talk(setUp, words('{"type":"created"}')).end, { kind: 'done' })
  t.match(talk(setUp, words('{"error":{"code":400}}')).end, { kind: 'failed' })
})

t.test('a receiver of MQTT keeps its session and subscribes at QoS 1', async (t) => {
  const kept = mqttQos1Wire.login({ userId: 'u', password: 'p', ack: {} }).opening.toString('hex')
  t.equal(kept, '101300044d51545404c000000001750001750001' + '70')
  t.equal(mqttQos1Wire.subscribe(['a'])?.opening.toString('hex'), '8206000100016101')
  t.match(mqttQos1Wire.subscribe(['a'])?.hear(Buffer.from([0x90, 3, 0, 1, 1])), { kind: 'done' })
})
