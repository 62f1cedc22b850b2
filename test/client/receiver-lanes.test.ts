import t from 'tap'
import { ReceiverLanes } from '../../src/client/receiver-lanes.ts'

const limits = { queuedMessagesMax: 2, queuedBytesMax: 100 }

/** A lane, and messages that end when the test says so. */
function world() {
  const lanes = new ReceiverLanes(limits)
  const log: string[] = []
  const ends = new Map<string, { resolve(): void; reject(error: Error): void }>()
  const send = (name: string, options: { to?: string; holds?: boolean; timeoutMs?: number; size?: number } = {}) =>
    lanes.run(
      {
        to: options.to ?? 'bob',
        size: options.size ?? 1,
        holds: options.holds ?? false,
        timeoutMs: options.timeoutMs ?? Number.POSITIVE_INFINITY,
      },
      () => {
        log.push(name)
        return new Promise<string>((resolve, reject) => ends.set(name, { resolve: () => resolve(name), reject }))
      },
    )
  return {
    send,
    log,
    end: (name: string) => ends.get(name)?.resolve(),
    fail: (name: string) => ends.get(name)?.reject(new Error(name)),
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

t.test('where nothing is tried again, nothing waits', async (t) => {
  const { send, log } = world()
  void send('1')
  void send('2')
  t.same(log, ['1', '2'])
})

t.test('behind a message that may be tried again everything to its receiver waits, in order', async (t) => {
  const { send, log, end } = world()
  const first = send('1', { holds: true })
  const second = send('2')
  const third = send('3', { holds: true })
  void send('other', { to: 'carol' })
  t.same(log, ['1', 'other'])
  end('1')
  t.equal(await first, '1')
  await turn()
  t.same(log, ['1', 'other', '2', '3'])
  void send('4')
  end('2')
  end('3')
  await Promise.all([second, third])
  await turn()
  t.same(log, ['1', 'other', '2', '3', '4'])
  void send('5')
  t.equal(log.at(-1), '5', 'nothing holds any more')
})

t.test('a message that fails lets the next one go', async (t) => {
  const { send, log, fail } = world()
  const first = send('1', { holds: true })
  void send('2')
  fail('1')
  await t.rejects(first, { message: '1' })
  await turn()
  t.same(log, ['1', '2'])
})

t.test('a message waits no longer than its time, and those behind it still keep their order', async (t) => {
  const { send, log, end } = world()
  void send('1', { holds: true })
  const late = send('2', { holds: true, timeoutMs: 10 })
  await t.rejects(late, { code: 'timeout', message: /has not left/ })
  void send('3')
  await turn()
  t.same(log, ['1'])
  end('1')
  await turn()
  await turn()
  t.same(log, ['1', '3'])
})

t.test('no more waits than the limits say', async (t) => {
  const { send } = world()
  void send('1', { holds: true })
  void send('2', { size: 1000 })
  await t.rejects(send('3', { size: 1 }), { code: 'queue_full' }, 'bytes')
  const small = world()
  void small.send('1', { holds: true })
  void small.send('2')
  void small.send('3')
  await t.rejects(small.send('4'), { code: 'queue_full' }, 'messages')
  void small.send('other', { to: 'carol' })
})
