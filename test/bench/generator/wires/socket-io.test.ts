import t from 'tap'
import { clientFrame, socketIoWire } from '../../../../bench/generator/wires/socket-io.ts'
import { cutDifferences, framesOf, route, shape, talk, text } from './check-wire.ts'

/** A text frame of a server, which is never masked. */
function serverFrame(payload: string): Buffer {
  const size = Buffer.byteLength(payload)
  const length = size < 126 ? [size] : size < 65536 ? [126, size >> 8, size & 0xff] : [127, 0, 0, 0, 0, 0, 1, 0, 0]
  return Buffer.concat([Buffer.from([0x81, ...length]), Buffer.from(payload)])
}

t.test('a message is an event in a masked text frame', async (t) => {
  const payload = `42["text","bench-00001","${text}"]`
  const header = Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0])
  t.equal(socketIoWire.encodeMessage(route, shape).toString('latin1'), `${header.toString('latin1')}${payload}`)
  t.equal(socketIoWire.encodeBroadcast(route, shape).toString('latin1').slice(6), `42["broadcast","${text}"]`)
})

t.test('a payload of 126 bytes and more has its length in two bytes', async (t) => {
  t.equal(clientFrame('x'.repeat(125)).subarray(0, 2).toString('hex'), '81fd')
  t.equal(clientFrame('x'.repeat(126)).subarray(0, 4).toString('hex'), '81fe007e')
})

t.test('frames are found wherever the input is cut', async (t) => {
  const [short, long] = [serverFrame(`42["text","${text}"]`), serverFrame(`42["text","${'x'.repeat(300)}"]`)]
  const input = Buffer.concat([short, serverFrame('2'), long, short])
  t.strictSame(
    framesOf(socketIoWire, input).map((frame) => frame.length),
    [short.length, 3, long.length, short.length],
  )
  t.strictSame(cutDifferences(socketIoWire, input), [])
  const huge = serverFrame('x'.repeat(65536))
  t.equal(framesOf(socketIoWire, Buffer.concat([huge, short]), 5).length, 2)
})

t.test('a login upgrades, hears the hello and joins the namespace with its secret', async (t) => {
  const upgraded = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n'
  const login = { userId: 'u', password: 'p' }
  const words = [upgraded, serverFrame('0{"sid":"1"}')]
  const { said, end } = talk(socketIoWire.login(login), [...words, serverFrame('40{"sid":"2"}')])
  t.match(said[0]?.toString(), /^GET \/socket\.io\/\?EIO=4&transport=websocket HTTP\/1\.1\r\n.*\r\n\r\n$/s)
  t.match(said[1]?.toString('latin1').slice(6), '40{"userId":"u","password":"p"}')
  t.match(end, { kind: 'done' })
  const refused = talk(socketIoWire.login(login), [...words, serverFrame('44{"message":"auth_failed"}')])
  t.match(refused.end, { kind: 'failed', reason: /auth_failed/ })
  const busy = talk(socketIoWire.login(login), ['HTTP/1.1 503 Service Unavailable\r\n\r\n'])
  t.match(busy.end, { kind: 'failed', reason: /503/ })
})

t.test("engine.io's ping is answered, a close is a complaint", async (t) => {
  t.strictSame(socketIoWire.control(serverFrame('2')), clientFrame('3'))
  t.equal(socketIoWire.control(Buffer.from([0x88, 0])), 'complaint')
})
