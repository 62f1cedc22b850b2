import t from 'tap'
import { readContent } from '../../../src/protocol/content.ts'
import { historyLimitMax } from '../../../src/protocol/entities/index.ts'

function codeOf(type: string, content: object): string | undefined {
  const read = readContent(type, JSON.stringify(content))
  return 'fault' in read ? read.fault.code : undefined
}

t.test('requests of the history are checked', async (t) => {
  t.equal(codeOf('HistoryRequest', { UserId: 'ann', Before: 7, Limit: historyLimitMax }), undefined)
  t.equal(codeOf('HistoryRequest', { UserId: 'ann', Limit: historyLimitMax + 1 }), 'bad_content')
  t.equal(codeOf('HistoryRequest', { UserId: 'ann', After: -1 }), 'bad_content')
  t.equal(codeOf('HistoryRequest', { UserId: 'ann', After: 1.5 }), 'bad_content')
  t.equal(codeOf('HistoryRequest', {}), 'bad_content')
  t.equal(codeOf('ConversationsRequest', {}), undefined)
  t.equal(codeOf('ConversationsRequest', { Limit: 0 }), 'bad_content')
  t.equal(codeOf('ReadRequest', { UserId: 'ann', MsgId: 'e1-1-0123456789ab' }), undefined)
  t.equal(codeOf('ReadRequest', { UserId: 'ann' }), 'bad_content')
})
