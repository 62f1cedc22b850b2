/** The entry of an acceptor thread: joins the acceptor to its mailbox. */
import { workerData } from 'node:worker_threads'
import { readAcceptorMessage } from '../mailbox/acceptor-codec.ts'
import { Mailbox } from '../mailbox/mailbox.ts'
import { Acceptor } from './acceptor.ts'
import type { AcceptorOptions } from './options.ts'
import { RouterLink } from './router-link.ts'

const options = workerData as AcceptorOptions

const mailbox: Mailbox = new Mailbox(options.mailbox, {
  record: (kind, offset, payloadBytes) => {
    acceptor.receive(readAcceptorMessage(mailbox.inbox, kind, offset, payloadBytes))
    return true
  },
  batchEnd: () => acceptor.batchEnd(),
  space: () => acceptor.spaceInRouter(),
  // The router is gone only when the process ends, and this thread with it.
  closed: () => {},
})
const acceptor: Acceptor = new Acceptor(options, new RouterLink(mailbox))
acceptor.start()
