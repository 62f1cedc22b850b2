import t from 'tap'
import { epochOf, epochText, messageId, receiverTag } from '../../src/security/message-id.ts'

t.test('a message is named by epoch, number and receiver', async (t) => {
  t.match(receiverTag('bob'), /^[0-9a-f]{12}$/)
  t.not(receiverTag('bob'), receiverTag('Bob'))
  t.equal(messageId(3, 17, 'abc'), 'e3-17-abc')
})

t.test('an epoch is read back, and nothing else is taken for one', async (t) => {
  t.equal(epochOf(epochText(12)), 12)
  t.equal(epochOf('e0'), 0)
  for (const text of ['', 'e', 'e01', '12', 'e-1', 'e1.5', 'E1', `e${'9'.repeat(16)}`])
    t.equal(epochOf(text), undefined, text)
})
