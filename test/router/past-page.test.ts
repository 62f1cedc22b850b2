import t from 'tap'
import type { PastMessage } from '../../src/mailbox/history-messages.ts'
import { historyContent, pastEnvelope } from '../../src/router/past-page.ts'

const pair = { user: 'bob', with: 'ann' }
const nameOf = ({ epoch, seq }: { epoch: number; seq: number }, receiver: string): string =>
  `e${epoch}-${seq}-${receiver}`
const rest = { more: false, damaged: 0, unread: 1, read: 2, readByOther: 3 }

function message(position: number, isOwn: boolean, content: string): PastMessage {
  const [from, to] = isOwn ? ['bob', 'ann'] : ['ann', 'bob']
  const body = JSON.stringify({ ToUserId: to, FromUserId: from, MsgType: 'TextMsgRequest', Content: content })
  return { position, epoch: 4, seq: position + 10, time: 1_700_000_000_999, isOwn, body: Buffer.from(body) }
}

t.test('an envelope comes as its receiver got it, whatever stands before its first member', async (t) => {
  const past = { ...message(1, false, '{"Message":"hi 你"}'), body: Buffer.from('  { "ToUserId" : "bob","x":"{" }') }
  t.strictSame(JSON.parse(pastEnvelope(past, 'e4-11-bob')), {
    MsgId: 'e4-11-bob',
    Seq: 11,
    Epoch: 'e4',
    ServerTime: 1_700_000_000,
    ToUserId: 'bob',
    x: '{',
  })
})

t.test('a page has messages of both, oldest first, named by their receivers', async (t) => {
  const page = { ...rest, messages: [message(1, false, '{"Message":"a\\"b"}'), message(2, true, '{}')] }
  const content = JSON.parse(historyContent(pair, page, { isForward: false, bytesMax: 10_000, nameOf }))
  t.match(content, { Success: true, UserId: 'ann', More: false, Unread: 1, Read: 2, ReadByOther: 3 })
  t.match(content.Items, [
    { Position: 1, Message: { MsgId: 'e4-11-bob', FromUserId: 'ann', Content: '{"Message":"a\\"b"}' } },
    { Position: 2, Message: { MsgId: 'e4-12-ann', FromUserId: 'bob' } },
  ])
})

t.test('what does not fit is left for the next page, at the end that is further away', async (t) => {
  const messages = [1, 2, 3].map((position) => message(position, false, `{"Message":"${'x'.repeat(500)}"}`))
  for (const isForward of [true, false]) {
    const content = JSON.parse(historyContent(pair, { ...rest, messages }, { isForward, bytesMax: 1700, nameOf }))
    t.strictSame(
      content.Items.map((item: { Position: number }) => item.Position),
      isForward ? [1, 2] : [2, 3],
    )
    t.equal(content.More, true)
  }
})

t.test('a message that is too long by itself comes without its content, so that paging goes on', async (t) => {
  const messages = [message(1, false, `{"Message":"${'"'.repeat(0)}${'x'.repeat(5000)}"}`)]
  const content = JSON.parse(historyContent(pair, { ...rest, messages }, { isForward: false, bytesMax: 1000, nameOf }))
  t.match(content.Items, [{ Position: 1, Message: { MsgId: 'e4-11-bob', Content: '{}', Truncated: true } }])
})
