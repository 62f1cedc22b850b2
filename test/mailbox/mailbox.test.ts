/** The mailbox: both ends in one thread for what each rule says, and two threads for the races. */
import { once } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import t from 'tap'
import { createMailboxPair, Mailbox, type MailboxEnd, type MailboxHandlers } from '../../src/mailbox/mailbox.ts'
import { createRing, RingReader } from '../../src/mailbox/ring.ts'
import type { MailboxEchoData } from './mailbox-echo.worker.ts'
import { fillRecord, newSeed, randomOf, recordProblem, recordSize } from './random.ts'

const deadlineMs = 20_000

/** Waits, turn by turn, until something is so. */
async function until(isSo: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + deadlineMs
  while (!isSo()) {
    if (Date.now() > deadline) throw new Error(`it took too long until ${what}`)
    await turn()
  }
}

/** Lets so many turns go by, in which something must not happen. */
async function turns(count: number): Promise<void> {
  for (let gone = 0; gone < count; gone++) await turn()
}

/** Handlers that note everything as a word; `refuses` may turn a record down. */
function noting(heard: string[], refuses: (kind: number) => boolean = () => false): MailboxHandlers {
  return {
    record: (kind) => {
      const isRefused = refuses(kind)
      heard.push(isRefused ? `refused ${kind}` : `record ${kind}`)
      return !isRefused
    },
    batchEnd: () => heard.push('batchEnd'),
    space: () => heard.push('space'),
    closed: () => heard.push('closed'),
  }
}

function openPair(
  handlers: { first: MailboxHandlers; second: MailboxHandlers },
  bytes = 1024,
): { first: Mailbox; second: Mailbox } {
  const pair = createMailboxPair({ toFirstBytes: bytes, toSecondBytes: bytes })
  return { first: new Mailbox(pair.first, handlers.first), second: new Mailbox(pair.second, handlers.second) }
}

function send(mailbox: Mailbox, kind: number, payloadBytes = 0): boolean {
  if (mailbox.outbox.reserve(payloadBytes) === -1) return false
  mailbox.outbox.commit(kind, payloadBytes)
  return true
}

t.test('records arrive in batches, in both directions', async (t) => {
  const heard: { first: string[]; second: string[] } = { first: [], second: [] }
  const { first, second } = openPair({ first: noting(heard.first), second: noting(heard.second) })
  for (let kind = 0; kind < 3; kind++) send(first, kind)
  first.publish()
  send(second, 7)
  second.publish()
  await until(() => heard.second.length >= 4 && heard.first.length >= 2, 'both have theirs')
  t.strictSame(heard, { first: ['record 7', 'batchEnd'], second: ['record 0', 'record 1', 'record 2', 'batchEnd'] })
  first.close()
  await until(() => heard.second.includes('closed'), 'the end is known')
  t.strictSame(heard.first, ['record 7', 'batchEnd'], 'who closes is not told')
})

t.test('a reader that sleeps is woken', async (t) => {
  const heard: string[] = []
  const { first, second } = openPair({ first: noting([]), second: noting(heard) })
  for (let kind = 0; kind < 20; kind++) {
    // Long enough to fall asleep.
    await turns(10)
    send(first, kind)
    first.publish()
    await until(() => heard.length === 2 * (kind + 1), `record ${kind} is there`)
  }
  t.equal(heard.at(-2), 'record 19')
  first.close()
  second.close()
})

t.test('a turn takes so many records and no more, then others have theirs', async (t) => {
  const heard: string[] = []
  const { first, second } = openPair({ first: noting([]), second: noting(heard) }, 65_536)
  for (let kind = 0; kind < 2500; kind++) t.ok(send(first, kind) || t.fail())
  first.publish()
  await until(() => heard.filter((word) => word === 'batchEnd').length === 3, 'three batches are there')
  t.equal(heard.indexOf('batchEnd'), 1024)
  t.equal(heard.length, 2503)
  first.close()
  second.close()
})

t.test('a refused record stays until resume, and comes first then', async (t) => {
  const heard: string[] = []
  let isOpen = false
  const { first, second } = openPair({ first: noting([]), second: noting(heard, (kind) => kind === 1 && !isOpen) })
  for (let kind = 0; kind < 3; kind++) send(first, kind)
  first.publish()
  await until(() => heard.length >= 3, 'the first batch is there')
  await turns(20)
  t.strictSame(heard.splice(0), ['record 0', 'refused 1', 'batchEnd'], 'it is not offered again by itself')
  send(first, 3)
  first.publish()
  await turns(20)
  t.strictSame(heard, [], 'nor when more comes')
  second.resume()
  await until(() => heard.length >= 1, 'it is offered again')
  t.strictSame(heard.splice(0), ['refused 1'])
  isOpen = true
  second.resume()
  second.resume()
  await until(() => heard.length >= 4, 'the rest is there')
  t.strictSame(heard.splice(0), ['record 1', 'record 2', 'record 3', 'batchEnd'])
  second.resume()
  await turns(20)
  t.strictSame(heard, [], 'resume is nothing to one that refuses nothing')
  first.close()
  second.close()
})

t.test('resume within batchEnd is not lost', async (t) => {
  const heard: string[] = []
  let queued = 0
  const pair = createMailboxPair({ toFirstBytes: 1024, toSecondBytes: 1024 })
  const first = new Mailbox(pair.first, noting([]))
  const second: Mailbox = new Mailbox(pair.second, {
    record: (kind) => {
      if (queued === 2) return false
      queued++
      heard.push(`record ${kind}`)
      return true
    },
    // What was queued is worked off with the batch: there is room again.
    batchEnd: () => {
      queued = 0
      second.resume()
    },
    space: () => {},
    closed: () => {},
  })
  for (let kind = 0; kind < 7; kind++) send(first, kind)
  first.publish()
  await until(() => heard.length === 7, 'all are there')
  send(first, 7)
  await turns(20)
  first.publish()
  await until(() => heard.length === 8, 'it still wakes')
  first.close()
  second.close()
  t.equal(heard.at(-1), 'record 7')
})

t.test('space is signalled once the reader has taken enough, or soon when there is space', async (t) => {
  const heard: string[] = []
  let isOpen = false
  const { first, second } = openPair({ first: noting(heard), second: noting([], () => !isOpen) })
  while (send(first, 1, 100));
  first.waitForSpace()
  await turns(30)
  t.strictSame(heard, [])
  isOpen = true
  second.resume()
  await until(() => heard.length > 0, 'space is signalled')
  t.strictSame(heard.splice(0), ['space'])
  first.waitForSpace()
  t.strictSame(heard, [], 'not within the call')
  await until(() => heard.length > 0, 'space is signalled again')
  t.strictSame(heard, ['space'])
  first.close()
  second.close()
})

t.test('what was published before the end is taken first', async (t) => {
  const heard: string[] = []
  const { first } = openPair({ first: noting([]), second: noting(heard) }, 65_536)
  await turns(20)
  for (let kind = 0; kind < 2000; kind++) send(first, kind)
  first.publish()
  send(first, 9999)
  first.close()
  await until(() => heard.includes('closed'), 'the end is known')
  t.equal(heard.filter((word) => word.startsWith('record')).length, 2000)
  t.strictSame(heard.slice(-3), ['record 1999', 'batchEnd', 'closed'])
})

t.test('an end with nothing before it ends no batch', async (t) => {
  const heard: string[] = []
  const { first } = openPair({ first: noting([]), second: noting(heard) })
  first.close()
  await until(() => heard.includes('closed'), 'the end is known')
  await turns(20)
  t.strictSame(heard, ['closed'])
})

t.test('no handler is called after close, whoever calls it', async (t) => {
  const heard: string[] = []
  const pair = createMailboxPair({ toFirstBytes: 1024, toSecondBytes: 1024 })
  const first = new Mailbox(pair.first, noting([]))
  const second: Mailbox = new Mailbox(pair.second, {
    ...noting(heard),
    record: (kind) => {
      heard.push(`record ${kind}`)
      if (kind === 1) second.close()
      return true
    },
  })
  for (let kind = 0; kind < 4; kind++) send(first, kind)
  first.publish()
  await until(() => heard.length > 0, 'records come')
  second.waitForSpace()
  send(first, 9)
  first.publish()
  await turns(30)
  t.strictSame(heard, ['record 0', 'record 1'])
  first.close()

  const late: string[] = []
  const other = openPair({ first: noting(late), second: noting([]) })
  other.first.waitForSpace()
  other.first.close()
  other.first.close()
  await turns(30)
  t.strictSame(late, [], 'a space signal that was due')
})

t.test('a mailbox that its batchEnd closes does not fall asleep and wake to its own end', async (t) => {
  const heard: string[] = []
  const pair = createMailboxPair({ toFirstBytes: 1024, toSecondBytes: 1024 })
  const first = new Mailbox(pair.first, noting([]))
  const second: Mailbox = new Mailbox(pair.second, {
    ...noting(heard),
    batchEnd: () => {
      heard.push('batchEnd')
      second.close()
    },
  })
  send(first, 1)
  first.publish()
  await until(() => heard.length === 2, 'the batch is there')
  await turns(30)
  t.strictSame(heard, ['record 1', 'batchEnd'])
  first.close()
})

t.test('doorbells that mean nothing do no harm', async (t) => {
  const { port1, port2 } = new MessageChannel()
  const heard: string[] = []
  const end: MailboxEnd = { inbox: createRing(1024), outbox: createRing(1024), port: port1 as MessagePort }
  const mailbox = new Mailbox(end, noting(heard))
  for (const signal of [1, 1, 3, 'x', undefined]) port2.postMessage(signal)
  await turns(30)
  t.strictSame(heard, [])
  mailbox.close()
})

// Two threads

interface Echo {
  readonly worker: Worker
  readonly end: MailboxEnd
}

function startEcho(ringBytes: number, queueMax: number): Echo {
  const pair = createMailboxPair({ toFirstBytes: ringBytes, toSecondBytes: ringBytes })
  const data: MailboxEchoData = { end: pair.second, queueMax }
  const worker = new Worker(new URL('./mailbox-echo.worker.js', import.meta.url), {
    workerData: data,
    transferList: [pair.second.port],
  })
  return { worker, end: pair.first }
}

/**
 * Sends numbered records and takes them back for a time, never more than `windowMax` under way; the pauses
 * between bursts let both ends fall asleep at any moment. Rejects when nothing moves any more.
 */
async function echo(options: {
  ringBytes: number
  queueMax: number
  windowMax: number
  ms: number
  seed: number
}): Promise<number> {
  const random = randomOf(options.seed)
  const { worker, end } = startEcho(options.ringBytes, options.queueMax)
  const exit = once(worker, 'exit')
  let sent = 0
  let taken = 0
  let wanted = 0
  let nextBytes = 0
  let problem: string | undefined
  let moved = Date.now()
  const write = (): void => {
    while (sent < wanted) {
      nextBytes ||= recordSize(random, mailbox.outbox.payloadBytesMax)
      const offset = mailbox.outbox.reserve(nextBytes)
      if (offset === -1) {
        mailbox.waitForSpace()
        return
      }
      fillRecord(mailbox.outbox.bytes, offset, nextBytes, sent)
      mailbox.outbox.commit(sent, nextBytes)
      nextBytes = 0
      sent++
    }
    mailbox.publish()
  }
  const mailbox: Mailbox = new Mailbox(end, {
    record: (_, offset, payloadBytes) => {
      problem ??= recordProblem(mailbox.inbox.bytes, offset, payloadBytes, taken++)
      moved = Date.now()
      return true
    },
    batchEnd: () => {},
    space: write,
    closed: () => {},
  })
  // The time begins when the thread has started, which takes long on a machine that is busy.
  let until = Number.POSITIVE_INFINITY
  while (Date.now() < until || taken < wanted) {
    if (problem !== undefined) throw new Error(problem)
    if (Date.now() - moved > deadlineMs) throw new Error(`stands still: ${sent} sent, ${taken} taken of ${wanted}`)
    if (until === Number.POSITIVE_INFINITY && taken > 0) until = Date.now() + options.ms
    if (taken === wanted && Date.now() < until) {
      // All ends sleep, or are about to: after a random pause of turns, the next burst.
      await turns(random(6))
      moved = Date.now()
      wanted = sent + 1 + random(options.windowMax)
      write()
    }
    await turn()
  }
  if (problem !== undefined) throw new Error(problem)
  await worker.terminate()
  await exit
  mailbox.close()
  return taken
}

for (const [name, options] of Object.entries({
  'one message in flight': { ringBytes: 65_536, queueMax: 1000, windowMax: 1 },
  'bursts through a small ring': { ringBytes: 1024, queueMax: 1000, windowMax: 40 },
  'bursts to a reader that refuses and resumes': { ringBytes: 4096, queueMax: 2, windowMax: 60 },
  'long bursts': { ringBytes: 65_536, queueMax: 100, windowMax: 2000 },
})) {
  const seed = newSeed()
  t.test(`${name} between threads: nobody sleeps for good (seed ${seed})`, async (t) => {
    const taken = await echo({ ...options, ms: 1200, seed })
    t.ok(taken > 0)
    t.comment(`${taken} records there and back`)
  })
}

t.test('a thread that is ended is noticed, after what it had published', async (t) => {
  for (let round = 0; round < 4; round++) {
    const seed = newSeed() + round
    const random = randomOf(seed)
    const { worker, end } = startEcho(16_384, 1000)
    let taken = 0
    let sent = 0
    let isClosed = false
    let problem: string | undefined
    const mailbox: Mailbox = new Mailbox(end, {
      record: (_, offset, payloadBytes) => {
        problem ??= recordProblem(mailbox.inbox.bytes, offset, payloadBytes, taken++)
        return true
      },
      batchEnd: () => {},
      space: () => {},
      closed: () => {
        isClosed = true
      },
    })
    const enough = random(300)
    await until(() => {
      const payloadBytes = 8 + random(100)
      const offset = mailbox.outbox.reserve(payloadBytes)
      if (offset !== -1) {
        fillRecord(mailbox.outbox.bytes, offset, payloadBytes, sent)
        mailbox.outbox.commit(sent++, payloadBytes)
      }
      mailbox.publish()
      return taken >= enough
    }, 'enough came back')
    await worker.terminate()
    await until(() => isClosed, 'the end is known')
    t.equal(problem, undefined, `seed ${seed}`)
    t.equal(new RingReader(end.inbox).hasMore(), false, 'all that was published was taken')
    t.doesNotThrow(() => mailbox.publish())
    mailbox.close()
  }
})
