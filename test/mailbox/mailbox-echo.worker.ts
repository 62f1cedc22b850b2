/** A thread that sends back every record, from a queue of its own when its outbox is full. */
import { workerData } from 'node:worker_threads'
import { Mailbox, type MailboxEnd } from '../../src/mailbox/mailbox.ts'

/** What the thread is told. */
export interface MailboxEchoData {
  readonly end: MailboxEnd
  /** Refuse records while more than so many wait to be sent back. */
  readonly queueMax: number
}

run(workerData as MailboxEchoData)

function run({ end, queueMax }: MailboxEchoData): void {
  const queue: { kind: number; bytes: Buffer }[] = []
  const flush = (): void => {
    let next = queue[0]
    while (next !== undefined) {
      const offset = mailbox.outbox.reserve(next.bytes.length)
      if (offset === -1) {
        mailbox.waitForSpace()
        break
      }
      mailbox.outbox.bytes.set(next.bytes, offset)
      mailbox.outbox.commit(next.kind, next.bytes.length)
      queue.shift()
      next = queue[0]
    }
    mailbox.publish()
    if (queue.length <= queueMax) mailbox.resume()
  }
  const mailbox: Mailbox = new Mailbox(end, {
    record: (kind, offset, payloadBytes) => {
      if (queue.length > queueMax) return false
      const bytes = Buffer.allocUnsafe(payloadBytes)
      mailbox.inbox.bytes.copy(bytes, 0, offset, offset + payloadBytes)
      queue.push({ kind, bytes })
      return true
    },
    batchEnd: flush,
    space: flush,
    closed: () => {},
  })
}
