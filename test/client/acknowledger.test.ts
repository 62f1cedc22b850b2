import t from 'tap'
import { Acknowledger, acknowledgeAfterMs, acknowledgeMessagesMax } from '../../src/client/acknowledger.ts'
import type { Cursor } from '../../src/client/cursor.ts'

function at(seq: number): Cursor {
  return { epoch: 'e1', seq }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

t.test('what is handled in one turn is acknowledged by one message', async (t) => {
  const sent: Cursor[] = []
  const acknowledger = new Acknowledger({
    send: (cursor) => sent.push(cursor),
    save: undefined,
    saveFailed: () => t.fail('nothing is saved'),
  })
  acknowledger.advance(at(1), 1)
  acknowledger.advance(at(3), 2)
  t.same(sent, [])
  await turn()
  t.same(sent, [at(3)])
  await turn()
  t.same(sent, [at(3)], 'nothing new, nothing said')
})

t.test('a long turn is acknowledged in between, by count and by time', async (t) => {
  const sent: Cursor[] = []
  let now = 0
  const acknowledger = new Acknowledger({
    send: (cursor) => sent.push(cursor),
    save: undefined,
    saveFailed: () => {},
    clock: () => now,
  })
  for (let seq = 1; seq < acknowledgeMessagesMax; seq++) acknowledger.advance(at(seq), 1)
  t.same(sent, [])
  acknowledger.advance(at(acknowledgeMessagesMax), 1)
  t.same(sent, [at(acknowledgeMessagesMax)])
  acknowledger.advance(at(100), 1)
  now = acknowledgeAfterMs
  acknowledger.advance(at(101), 1)
  t.same(sent.slice(1), [at(101)])
})

t.test('a cursor is saved before it is acknowledged, one save at a time', async (t) => {
  const log: string[] = []
  const saves: (() => void)[] = []
  const acknowledger = new Acknowledger({
    send: ({ seq }) => log.push(`sent ${seq}`),
    save: ({ seq }) => {
      log.push(`save ${seq}`)
      return new Promise((resolve) => saves.push(resolve))
    },
    saveFailed: () => t.fail('no save fails'),
  })
  acknowledger.advance(at(1), 1)
  const first = acknowledger.flush()
  acknowledger.advance(at(2), 1)
  acknowledger.advance(at(3), 1)
  await turn()
  t.same(log, ['save 1'])
  saves.shift()?.()
  await turn()
  t.same(log, ['save 1', 'sent 1', 'save 3'])
  saves.shift()?.()
  await first
  t.same(log, ['save 1', 'sent 1', 'save 3', 'sent 3'])
  acknowledger.advance(at(4), 1)
  await turn()
  t.equal(log.at(-1), 'save 4')
})

t.test('a cursor that can’t be saved is acknowledged, and the failure is told', async (t) => {
  const sent: Cursor[] = []
  const failures: unknown[] = []
  const full = new Error('no space')
  const acknowledger = new Acknowledger({
    send: (cursor) => sent.push(cursor),
    save: () => Promise.reject(full),
    saveFailed: (cause) => failures.push(cause),
  })
  acknowledger.advance(at(1), 1)
  await acknowledger.flush()
  t.same(sent, [at(1)])
  t.same(failures, [full])
})
