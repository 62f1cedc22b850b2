import t from 'tap'
import { MixedLedger, type Sending } from '../../../bench/generator/mixed-ledger.ts'

const sending: Sending = { sender: 1, sequence: 0, receiver: 2, atMs: 5, senderSession: 1, receiverSession: 1 }
const bothThere = (): number => 1
const nothing = { due: 0, rejected: 0, inDoubt: 0, wronglyRejected: 0, unanswered: 0 }

t.test('a message that arrives once and is answered is settled', async (t) => {
  const ledger = new MixedLedger()
  ledger.send(sending)
  t.equal(ledger.expected(bothThere), 1)
  t.equal(ledger.arrive(sending), 5)
  t.equal(ledger.settled, 0)
  t.ok(ledger.answer({ ...sending, answer: 'sent' }))
  t.equal(ledger.settled, 1)
  const arrivals = { arrived: 1, doubled: 0, disordered: 0, foreign: 0 }
  t.strictSame(ledger.balance(bothThere), { ...nothing, arrivals, due: 1 })
})

t.test('what was answered and never arrived is due, and so lost', async (t) => {
  const ledger = new MixedLedger()
  ledger.send(sending)
  ledger.answer({ ...sending, answer: 'sent' })
  t.match(ledger.balance(bothThere), { due: 1, inDoubt: 0, arrivals: { arrived: 0 } })
  const senderLeft = (user: number): number => (user === 1 ? 2 : 1)
  t.match(ledger.balance(senderLeft), { due: 1 }, 'also when its sender has left since')
})

t.test('what was under way when its receiver left is in doubt', async (t) => {
  const ledger = new MixedLedger()
  ledger.send(sending)
  ledger.answer({ ...sending, answer: 'sent' })
  const cameAgain = (user: number): number => (user === 2 ? 2 : 1)
  t.match(ledger.balance(cameAgain), { due: 0, inDoubt: 1 })
  t.equal(ledger.expected(cameAgain), 0, 'nobody waits for it')
})

t.test('a message to somebody who is away is rejected', async (t) => {
  const ledger = new MixedLedger()
  ledger.send({ ...sending, receiverSession: undefined })
  ledger.answer({ ...sending, answer: 'rejected' })
  t.match(ledger.balance(bothThere), { due: 0, rejected: 1, wronglyRejected: 0 })
})

t.test('a rejection is wrong when the receiver was there, or got it all the same', async (t) => {
  const there = new MixedLedger()
  there.send(sending)
  there.answer({ ...sending, answer: 'rejected' })
  t.match(there.balance(bothThere), { wronglyRejected: 1, rejected: 0 })
  const got = new MixedLedger()
  got.send({ ...sending, receiverSession: undefined })
  got.answer({ ...sending, answer: 'rejected' })
  got.arrive(sending)
  t.match(got.balance(bothThere), { wronglyRejected: 1, rejected: 0 })
})

t.test('no answer is a fault only while the sender is there', async (t) => {
  const ledger = new MixedLedger()
  ledger.send(sending)
  ledger.arrive(sending)
  t.match(ledger.balance(bothThere), { unanswered: 1, due: 1 })
  t.match(
    ledger.balance(() => undefined),
    { unanswered: 0, due: 1 },
  )
})

t.test('repeats, strangers and what overtakes are counted', async (t) => {
  const ledger = new MixedLedger()
  ledger.send(sending)
  ledger.send({ ...sending, sequence: 1 })
  ledger.arrive({ ...sending, sequence: 1 })
  t.equal(ledger.arrive({ ...sending, sequence: 1 }), undefined)
  ledger.arrive(sending)
  ledger.arrive({ ...sending, sequence: 7 })
  ledger.arrive({ ...sending, receiver: 3 })
  t.match(ledger.balance(bothThere), { arrivals: { arrived: 2, doubled: 1, disordered: 1, foreign: 2 } })
})

t.test('a second answer is none', async (t) => {
  const ledger = new MixedLedger()
  ledger.send(sending)
  t.ok(ledger.answer({ ...sending, answer: 'sent' }))
  t.notOk(ledger.answer({ ...sending, answer: 'sent' }))
  t.notOk(ledger.answer({ ...sending, sequence: 9, answer: 'sent' }))
})
