import t from 'tap'
import { createInboxState, forgetRecipient, recipientOf } from '../../../src/router/inbox/inbox-state.ts'
import { routerOptions } from '../router-world.ts'

t.test('of a forgotten recipient the last number stays, so that none is given twice', async (t) => {
  const inbox = createInboxState(routerOptions.inbox)
  const recipient = recipientOf(inbox, 'bob', 'exists')
  t.equal(recipientOf(inbox, 'bob', 'asked'), recipient)
  t.equal(recipient.existence, 'exists')
  recipient.lastSeq = 7
  forgetRecipient(inbox, recipient)
  t.equal(inbox.recipients.size, 0)
  t.equal(recipientOf(inbox, 'bob', 'asked').lastSeq, 7)
  t.equal(inbox.lastSeqs.size, 0)
  forgetRecipient(inbox, recipientOf(inbox, 'cat', 'asked'))
  t.equal(inbox.lastSeqs.size, 0, 'who got nothing leaves nothing')
})
