import t from 'tap'
import { bodyDecoder, encodeFrames, splitFrames } from '../../src/client/frames.ts'

const utf8 = { startByte: 0x02, endByte: 0x03, charset: 'utf-8' } as const
const delimiters = { start: 0x02, end: 0x03 }

t.test('several bodies become frames in one buffer', async (t) => {
  t.equal(encodeFrames(['a', 'é'], utf8).toString('hex'), '02610302c3a903')
  t.equal(encodeFrames(['中'], { ...utf8, charset: 'gb18030' }).toString('hex'), '02d6d003')
  t.equal(encodeFrames(['a', 'b'], { ...utf8, startByte: 0xfe, endByte: 0xff }).toString('hex'), 'fe61fffe62ff')
})

t.test('frames come apart as they were put together', async (t) => {
  const bodies = splitFrames(encodeFrames(['a', '中', ''], utf8), delimiters)
  t.strictSame(bodies?.map(String), ['a', '中', ''])
})

t.test('a byte too much or too little, and a frame within a frame, are refused', async (t) => {
  for (const hex of [
    '',
    '61',
    '0261',
    '6103',
    '02610361',
    '610261 03'.replace(' ', ''),
    '020261 03'.replace(' ', ''),
    '0261030262',
  ]) {
    t.equal(splitFrames(Buffer.from(hex, 'hex'), delimiters), undefined, hex)
  }
})

t.test('text that is not valid in the charset is told', async (t) => {
  t.equal(bodyDecoder('utf-8')(Buffer.of(0xff)), undefined)
  t.equal(bodyDecoder('gb18030')(Buffer.of(0xff)), undefined)
  t.equal(bodyDecoder('utf-8')(Buffer.from('\ufeff{}')), '\ufeff{}')
})
