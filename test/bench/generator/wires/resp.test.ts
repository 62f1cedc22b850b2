import t from 'tap'
import { respWire } from '../../../../bench/generator/wires/resp.ts'
import { cutDifferences, framesOf, route, shape, talk, text } from './check-wire.ts'

const message = `>3\r\n$7\r\nmessage\r\n$11\r\nbench-00001\r\n$40\r\n${text}\r\n`
const hello = '%2\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nmodules\r\n*0\r\n'

t.test('a message is a PUBLISH to the channel of its receiver', async (t) => {
  const expected = `*3\r\n$7\r\nPUBLISH\r\n$11\r\nbench-00001\r\n$40\r\n${text}\r\n`
  t.equal(respWire.encodeMessage(route, shape).toString(), expected)
})

t.test('values are found wherever the input is cut', async (t) => {
  const other = '>3\r\n$7\r\nmessage\r\n$1\r\nx\r\n$-1\r\n'
  const input = Buffer.from(`${message}:1\r\n${message}${other}${hello}${message}`)
  t.strictSame(framesOf(respWire, input), [message, ':1\r\n', message, other, hello, message])
  t.strictSame(cutDifferences(respWire, input), [])
})

t.test('a login speaks RESP3 and switches answers off', async (t) => {
  const { said, end } = talk(respWire.login({ userId: 'u', password: 'p' }), [hello])
  t.match(said[0]?.toString(), 'HELLO\r\n$1\r\n3\r\n$4\r\nAUTH\r\n$1\r\nu\r\n$1\r\np\r\n')
  t.match(said[0]?.toString(), 'CLIENT\r\n$5\r\nREPLY\r\n$3\r\nOFF\r\n')
  t.match(end, { kind: 'done', consumed: hello.length })
  const refused = talk(respWire.login({ userId: 'u', password: 'p' }), ['-WRONGPASS no\r\n'])
  t.match(refused.end, { kind: 'failed', reason: 'WRONGPASS no' })
})

t.test('a subscription waits for one answer a topic', async (t) => {
  const answer = (topic: string): string => `>3\r\n$9\r\nsubscribe\r\n$1\r\n${topic}\r\n:1\r\n`
  const dialogue = respWire.subscribe(['a', 'b'])
  t.match(dialogue?.hear(Buffer.from(answer('a'))), { kind: 'wait' })
  t.match(dialogue?.hear(Buffer.from(answer('a') + answer('b'))), { kind: 'done' })
})
