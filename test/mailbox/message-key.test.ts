import t from 'tap'
import { isBlankKey, messageKeyBytes } from '../../src/mailbox/message-key.ts'

t.test('a key of zeros stands for no id', async (t) => {
  const keys = Buffer.alloc(2 * messageKeyBytes)
  keys[messageKeyBytes + 15] = 1
  t.ok(isBlankKey(keys, 0))
  t.notOk(isBlankKey(keys, messageKeyBytes))
})
