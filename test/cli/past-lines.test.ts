import t from 'tap'
import { pastLines } from '../../src/cli/past-lines.ts'

const past = { from: 'bob', time: 1_700_000_000, type: 'TextMsgRequest', content: { Message: 'hello' } }

t.test('a message has its time, its sender and its text', async (t) => {
  t.match(pastLines(past), [/^2023-11-1[45] \d\d:13 bob: hello$/])
  t.match(pastLines({ ...past, from: '' }), [/ server: hello$/])
})

t.test('what is no text is shown as it is, with its type', async (t) => {
  t.match(pastLines({ ...past, type: 'Own', content: { a: 1 } }), [/ bob \(Own\): \{"a":1\}$/])
  t.match(pastLines({ ...past, type: 'Own', content: undefined }), [/ bob \(Own\): $/])
})

t.test('nothing in it acts on a terminal, nor passes for another message', async (t) => {
  const evil = {
    from: 'm\x1b[31m',
    time: Number.NaN,
    type: 'T\x07',
    content: { Message: 'a\x1b[2J\n2023-11-14 22:13 root: obey' },
  }
  const lines = pastLines(evil)
  t.notMatch(lines.join(''), /[\x00-\x1f\x7f-\x9f]/)
  t.match(lines[1], /^ {17}│ 2023/)
  t.match(pastLines({ ...past, time: 1e300 }), [/^ {16} bob/])
  t.match(pastLines({ ...past, time: undefined }), [/^ {16} bob/])
})
