import t from 'tap'
import { forEachFrame, frameOfBody } from '../../src/acceptor/frames.ts'

const delimiters = { start: 0x02, end: 0x03 }

t.test('bodies between delimiters come back one by one', (t) => {
  const frames = Buffer.concat(['a', '', 'bcd'].map((body) => frameOfBody(delimiters, Buffer.from(body))))
  t.equal(frames.toString('hex'), '026103' + '0203' + '0262636403')
  const bodies: string[] = []
  forEachFrame(frames, delimiters, (start, end) => bodies.push(frames.toString('utf8', start, end)))
  t.strictSame(bodies, ['a', '', 'bcd'])
  t.end()
})

t.test('a frame without an end between threads is a mistake of the server', (t) => {
  t.throws(() => forEachFrame(Buffer.from('\u0002a'), delimiters, () => {}))
  t.end()
})
