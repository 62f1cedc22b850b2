import t from 'tap'
import { showHistory } from '../../../src/cli/chat/person-history.ts'
import type { Client, HistoryPage, IncomingMessage } from '../../../src/client/index.ts'

function past(message: string, more: object = {}): IncomingMessage {
  const envelope = { MsgType: 'TextMsgRequest', CreateTime: 1_600_000_000, ...more }
  return { type: 'TextMsgRequest', from: 'bob', content: { Message: message }, envelope }
}

async function show(page: Partial<HistoryPage>, userId: string | undefined, limit?: number) {
  const asked: unknown[] = []
  const lines: string[] = []
  const client = {
    history: async (user: string, options: object) => {
      asked.push([user, options])
      return { items: [], more: false, unread: 0, read: 0, readByOther: 0, ...page }
    },
  } as unknown as Client
  await showHistory(client, userId, limit, {
    note: (text) => lines.push(`(${text})`),
    line: (text) => lines.push(text),
  })
  return { asked, lines }
}

t.test('the newest messages are shown, with the time of the server where it gave one', async (t) => {
  const items = [
    { position: 1, message: past('one') },
    { position: 2, message: past('two', { ServerTime: 1_700_000_000 }) },
  ]
  const { asked, lines } = await show({ items, more: true }, 'bob', 5)
  t.same(asked, [['bob', { limit: 5 }]])
  t.match(lines, [/There is more/, /^2020-.*one$/, /^2023-.*two$/])
})

t.test('nobody to ask about, and nothing to show, are said', async (t) => {
  t.match(await show({}, undefined), { asked: [], lines: [/With whom/] })
  t.match(await show({}, 'bob'), { asked: [['bob', { limit: 20 }]], lines: [/Nothing is kept/] })
  t.match(await show({}, 'bob', 999), { asked: [['bob', { limit: 200 }]] })
})
