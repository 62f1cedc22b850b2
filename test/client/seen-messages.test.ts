import t from 'tap'
import type { IncomingMessage } from '../../src/client/message.ts'
import { SeenMessages } from '../../src/client/seen-messages.ts'

function message(from: string, id: string | undefined, Content = '{"Message":"hi"}'): IncomingMessage {
  const MsgType = 'TextMsgRequest'
  const envelope = { FromUserId: from, MsgType, Content, ...(id === undefined ? {} : { ClientMsgId: id }) }
  return { type: MsgType, from, content: JSON.parse(Content), envelope }
}

t.test('a message with the same sender, id and content has come before', async (t) => {
  const seen = new SeenMessages()
  t.ok(seen.add(message('alice', '1')))
  t.notOk(seen.add(message('alice', '1')))
  t.ok(seen.add(message('bob', '1')), 'another sender')
  t.ok(seen.add(message('alice', '2')), 'another id')
  t.ok(seen.add(message('alice', '1', '{"Message":"ho"}')), 'another device of the sender may count alike')
})

t.test('what has no id, or comes from the server, is always new', async (t) => {
  const seen = new SeenMessages()
  for (let count = 0; count < 2; count++) {
    t.ok(seen.add(message('alice', undefined)))
    t.ok(seen.add(message('', '1')))
  }
})

t.test('at least so many are remembered, and not for ever', async (t) => {
  const seen = new SeenMessages(10)
  for (let id = 0; id < 100; id++) {
    t.ok(seen.add(message('alice', String(id))))
    if (id >= 9) t.notOk(seen.add(message('alice', String(id - 9))), 'the tenth before')
  }
  t.ok(seen.add(message('alice', '0')))
})
