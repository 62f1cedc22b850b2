import { createHash } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { journalEntryBytes } from '../../../src/mailbox/inbox-messages.ts'
import { type RepeatStatus, Repeats } from '../../../src/router/inbox/repeats.ts'

function keyOf(id: number, content = 0): Buffer {
  const bytes = createHash('sha256').update(String(id)).digest().subarray(0, 16)
  const key = Buffer.from(bytes)
  key.writeUInt32LE(content, 12)
  // Few first words, so that entries meet in the table.
  key.writeUInt32LE(id % 7, 0)
  return key
}

t.test('it knows what a list of the last ones knows', async () => {
  const operation = fc.record({ kind: fc.constantFrom('add', 'add', 'settle', 'remove'), id: fc.nat(60) })
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 300 }), fc.constantFrom(8, 50, 3000), (operations, max) => {
      const repeats = new Repeats(max)
      const model: { id: number; status: RepeatStatus; isThere: boolean }[] = []
      for (const { kind, id } of operations) {
        const known = model.find((one) => one.id === id && one.isThere)
        if (kind === 'add' && known === undefined) {
          repeats.add(keyOf(id), 0, { status: 'pending', epoch: 1, seq: id, now: 0 })
          model.push({ id, status: 'pending', isThere: true })
          if (model.length > max) model.shift()
        } else if (kind === 'settle') {
          repeats.settle(keyOf(id), 0, 'stored')
          if (known !== undefined) known.status = 'stored'
        } else if (kind === 'remove') {
          repeats.remove(keyOf(id), 0)
          if (known !== undefined) known.isThere = false
        }
        for (let other = 0; other <= 60; other++) {
          const expected = model.find((one) => one.id === other && one.isThere)?.status
          const found = repeats.find(keyOf(other), 0)
          if (found?.status !== expected) throw new Error(`${other} is ${found?.status}, not ${expected}`)
          if (found !== undefined && found.seq !== other) throw new Error('another entry')
        }
      }
      if (repeats.size !== model.filter(({ isThere }) => isThere).length) throw new Error('another size')
    }),
    { numRuns: 150 },
  )
})

t.test('the same id with other content is told apart, and numbers are never used twice', async (t) => {
  const repeats = new Repeats(2)
  const keys = Buffer.concat([keyOf(1, 5), keyOf(2)])
  repeats.add(keys, 0, { status: 'sent', epoch: 0, seq: 0, now: 0 })
  repeats.add(keys, 16, { status: 'sent', epoch: 0, seq: 0, now: 0 })
  t.match(repeats.find(keyOf(1, 5), 0), { isSame: true, number: 0 })
  t.match(repeats.find(keyOf(1, 6), 0), { isSame: false })
  repeats.add(keyOf(3), 0, { status: 'sent', epoch: 0, seq: 0, now: 0 })
  t.equal(repeats.find(keyOf(1, 5), 0), undefined)
  t.equal(repeats.find(keyOf(3), 0)?.number, 2)
})

t.test('the journal gives back what was written into it', async (t) => {
  const repeats = new Repeats(100)
  const entries = Buffer.alloc(3 * journalEntryBytes)
  repeats.writeEntry(keyOf(1), 0, { status: 'stored', epoch: 9, seq: 2 ** 40, now: 1_700_000_000_000 }, entries, 0)
  repeats.writeEntry(keyOf(2), 0, { status: 'delivered', epoch: 1, seq: 3, now: 0 }, entries, 2 * journalEntryBytes)
  const other = new Repeats(100)
  other.load(entries)
  t.equal(other.size, 2, 'zeros are no entry')
  t.match(other.find(keyOf(1), 0), { status: 'stored', epoch: 9, seq: 2 ** 40, isSame: true })
  t.match(other.find(keyOf(2), 0), { status: 'delivered', epoch: 1, seq: 3 })
  other.load(entries)
  t.equal(other.size, 2)
})
