import t from 'tap'
import type { InboxCalls, InboxRun } from '../../src/mailbox/inbox-messages.ts'
import type { RouterEvent } from '../../src/router/events.ts'
import { type InboxStore, StoreLink } from '../../src/router/store-link.ts'

function run(seq: number): InboxRun {
  const none = new Uint8Array(0)
  return { user: 'bob', epoch: 1, seq, count: 1, expires: 0, note: none, ids: none, frames: none }
}

class Store implements InboxStore {
  readonly asked: string[] = []
  isBusy = false
  readonly answers: ((error?: Error) => void)[] = []
  #ticket = 0

  append({ seq }: InboxRun): number {
    if (this.isBusy) return -1
    this.asked.push(`append ${seq}`)
    return this.#ticket++
  }

  call<Name extends keyof InboxCalls>(name: Name, take: InboxCalls[Name]['take']): Promise<InboxCalls[Name]['give']> {
    this.asked.push(`${name}${'acknowledgements' in take ? ` ${take.acknowledgements.map(({ seq }) => seq)}` : ''}`)
    return new Promise((resolve, reject) => {
      this.answers.push((error) =>
        error === undefined
          ? resolve((name === 'acknowledge' ? { delivered: [] } : undefined) as never)
          : reject(error),
      )
    })
  }
}

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

t.test('what is asked goes in its order, and what became of it comes as events', async (t) => {
  const events: RouterEvent[] = []
  const link = new StoreLink((event) => events.push(event))
  const store = new Store()
  link.attach(store)
  link.ask({ kind: 'append', run: run(1) })
  link.ask({ kind: 'readInbox', connection: 2, user: 'bob', after: { epoch: 0, seq: 0 }, bytesMax: 1 })
  link.ask({ kind: 'append', run: run(2) })
  for (const seq of [1, 3, 2]) {
    link.ask({ kind: 'noteAcknowledged', acknowledgement: { user: 'bob', device: '', epoch: 1, seq } })
  }
  await turn()
  t.strictSame(store.asked, ['append 1', 'readInbox', 'append 2', 'acknowledge 3'])
  t.equal(link.waiting, 4)
  link.onAppended({ first: 0, count: 2, refused: [{ ticket: 1, from: 0, code: 'inbox_full' }], removed: [] })
  for (const answer of store.answers) answer()
  await turn()
  t.match(events, [
    { kind: 'storeChanged', isDown: false },
    {
      kind: 'runsStored',
      runs: [
        { seq: 1, refused: undefined },
        { seq: 2, refused: { from: 0, code: 'inbox_full' } },
      ],
    },
    { kind: 'inboxRead', connection: 2 },
  ])
  t.equal(link.waiting, 0)
})

t.test('a store that dies is followed by another, which is asked what has no answer', async (t) => {
  const events: RouterEvent[] = []
  const link = new StoreLink((event) => events.push(event))
  const first = new Store()
  link.attach(first)
  link.ask({ kind: 'append', run: run(1) })
  link.ask({ kind: 'openInbox', connection: 2, take: { user: 'bob', device: '', acknowledges: true } })
  await turn()
  link.detach()
  link.detach()
  first.answers[0]?.(new Error('gone'))
  link.ask({ kind: 'append', run: run(2) })
  await turn()
  t.match(events.at(-1), { kind: 'storeChanged', isDown: true })
  const second = new Store()
  link.attach(second)
  await turn()
  t.strictSame(second.asked, ['append 1', 'openInbox', 'append 2'])
  link.onAppended({ first: 0, count: 2, refused: [], removed: [] })
  t.match(events.at(-1), { kind: 'runsStored', runs: [{ seq: 1 }, { seq: 2 }] })
})

t.test('a store with too much to do is asked again, and a note that failed is not lost', async (t) => {
  const link = new StoreLink(() => {})
  const store = new Store()
  store.isBusy = true
  link.attach(store)
  link.ask({ kind: 'append', run: run(1) })
  await turn()
  t.strictSame(store.asked, [])
  store.isBusy = false
  link.ask({ kind: 'noteAcknowledged', acknowledgement: { user: 'bob', device: '', epoch: 1, seq: 5 } })
  await turn()
  t.strictSame(store.asked, ['append 1', 'acknowledge 5'])
  store.answers[0]?.(new Error('full'))
  await turn()
  link.ask({ kind: 'journal', entries: new Uint8Array(32) })
  await turn()
  t.strictSame(store.asked.slice(2), ['acknowledge 5', 'journalIds'])
})

t.test('who wants receipts is noted before the messages of whoever does, and again when that failed', async (t) => {
  const link = new StoreLink(() => {})
  const store = new Store()
  link.attach(store)
  link.ask({ kind: 'append', run: run(1) })
  link.ask({ kind: 'noteReceiptAsker', user: 'ann', askedAt: 5 })
  t.equal(link.waiting, 2)
  await turn()
  t.strictSame(store.asked, ['noteReceiptAskers', 'append 1'])
  store.answers[0]?.(new Error('full'))
  await turn()
  link.ask({ kind: 'append', run: run(2) })
  await turn()
  t.strictSame(store.asked.slice(2), ['noteReceiptAskers', 'append 2'])
})

t.test(
  'what a device has missed is noted after what others have acknowledged, the furthest place of a user once',
  async (t) => {
    const link = new StoreLink(() => {})
    const store = new Store()
    link.attach(store)
    for (const seq of [3, 5, 4]) link.ask({ kind: 'noteMissed', user: 'bob', epoch: 1, seq })
    link.ask({ kind: 'noteAcknowledged', acknowledgement: { user: 'bob', device: '', epoch: 1, seq: 5 } })
    t.equal(link.waiting, 2)
    await turn()
    t.strictSame(store.asked, ['acknowledge 5', 'noteMissed'])
    store.answers[1]?.(new Error('full'))
    await turn()
    t.equal(link.waiting, 2, 'it is noted later')
  },
)
