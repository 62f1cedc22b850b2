import t from 'tap'
import { Repeats } from '../../src/acceptor/repeats.ts'

const addressing = { to: Buffer.from('bob'), senderAt: undefined, senderIsNull: false }

function frame(
  text: string,
  number = '',
): { bytes: Buffer; start: number; end: number; text: { start: number; end: number } } {
  const bytes = Buffer.from(`{"N":"${number}","Content":"{\\"Message\\":\\"${text}\\"}"}`)
  const start = bytes.indexOf(text)
  return { bytes, start: 0, end: bytes.length, text: { start, end: start + text.length } }
}

function matches(repeats: Repeats, of: ReturnType<typeof frame>): boolean {
  return repeats.match(of, new DataView(of.bytes.buffer, of.bytes.byteOffset, of.bytes.length)) === addressing
}

t.test('a frame that repeats the last one is addressed as that was', async (t) => {
  const repeats = new Repeats()
  t.notOk(matches(repeats, frame('one')))
  const first = frame('one')
  repeats.learn(first, addressing, first.text)
  t.ok(matches(repeats, frame('another')))
  t.notOk(matches(repeats, frame('another', '2')))
})

t.test('a sender whose frames never repeat is left alone, and tried again later', async (t) => {
  const repeats = new Repeats()
  let remembered = 0
  for (let number = 0; number < 2000; number++) {
    const numbered = frame('text', String(number))
    repeats.learn(numbered, addressing, numbered.text)
    if (matches(repeats, frame('text', '-'))) remembered++
  }
  t.equal(remembered, 0)
  const last = frame('text', '1999')
  t.notOk(matches(repeats, last), 'it has given up')
  for (let number = 0; number < 1200 && !matches(repeats, last); number++) repeats.learn(last, addressing, last.text)
  t.ok(matches(repeats, last), 'and has begun again')
})
