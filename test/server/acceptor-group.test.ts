import { once } from 'node:events'
import { connect } from 'node:net'
import t, { type Test } from 'tap'
import { Mailbox } from '../../src/mailbox/mailbox.ts'
import { readRouterMessage } from '../../src/mailbox/router-codec.ts'
import type { AcceptorEvent } from '../../src/mailbox/router-messages.ts'
import { AcceptorGroup } from '../../src/server/acceptor-group.ts'
import { acceptorOptions, acceptorThreads, thisPlatform } from '../../src/server/thread-options.ts'
import { within } from '../system/support/deadline.ts'
import { settingsForTests } from './settings-for-tests.ts'

t.setTimeout(60_000)

/** A group whose events are handed to it, as the router does. */
function groupOf(t: Test, count: number): AcceptorGroup {
  const mailboxes: Mailbox[] = []
  const group = new AcceptorGroup({
    count,
    acceptor: acceptorOptions(settingsForTests(t.testdir()), 100, Buffer.alloc(32)),
    rings: { toRouterBytes: 2 ** 20, toAcceptorBytes: 2 ** 20 },
    events: {
      started: (index, end) => {
        const mailbox: Mailbox = new Mailbox(end, {
          record: (kind, offset, payloadBytes) => {
            const message = readRouterMessage(mailbox.inbox, kind, offset, payloadBytes)
            if (message.kind === 'event') group.onEvent(index, message.event)
            return true
          },
          batchEnd: () => {},
          space: () => {},
          closed: () => {},
        })
        mailboxes.push(mailbox)
      },
      replaced: () => t.fail('a thread died'),
      givenUp: () => t.fail('a thread was given up'),
    },
  })
  t.teardown(async () => {
    await group.stop()
    for (const mailbox of mailboxes) mailbox.close()
  })
  return group
}

t.test('a group of one listens at both ports', async (t) => {
  const addresses = await within(groupOf(t, 1).start(), 'listening')
  t.strictSame(addresses.map(({ listener }) => listener).sort(), ['tcp', 'ws'])
})

t.test('several listen at the same ports, where the platform can share them', async (t) => {
  if (acceptorThreads(2, thisPlatform()).count < 2) return t.pass('it can not')
  const addresses = await within(groupOf(t, 2).start(), 'listening')
  t.equal(addresses.length, 2)
  const socket = connect(addresses[0]?.port ?? 0, '127.0.0.1')
  await once(socket, 'connect')
  return socket.destroy()
})

t.test('what all report is told once the last one has', async (t) => {
  const group = groupOf(t, 1)
  await within(group.start(), 'listening')
  const event: AcceptorEvent = { name: 'quiesced' }
  let isDone = false
  const all = group.all('quiesced').then(() => {
    isDone = true
  })
  group.onEvent(0, { name: 'drained' })
  await new Promise((resolve) => setImmediate(resolve))
  t.notOk(isDone)
  group.onEvent(0, event)
  await within(all, 'the report')
})
