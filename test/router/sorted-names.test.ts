import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { SortedNames } from '../../src/router/sorted-names.ts'

/** Names that are near one another, so that prefixes, neighbours and repeats happen. */
const name = fc.string({ unit: fc.constantFrom('a', 'b', 'Z', '\u00e9', '\ud83d\ude00', '\uffee', '_'), maxLength: 4 })

function naivePage(names: readonly string[], page: { prefix: string; after: string | undefined; limit: number }) {
  const fitting = names.filter((entry) => entry.startsWith(page.prefix))
  const rest = fitting.filter((entry) => page.after === undefined || entry > page.after)
  const items = rest.slice(0, page.limit)
  return { names: items, total: fitting.length, after: rest.length > page.limit ? items.at(-1) : undefined }
}

t.test('names and pages are those of a sorted array', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ name, isAdded: fc.boolean() }), { maxLength: 60 }),
      fc.record({ prefix: name, after: fc.option(name, { nil: undefined }), limit: fc.integer({ min: 1, max: 5 }) }),
      (changes, page) => {
        const names = new SortedNames()
        const expected = new Set<string>()
        for (const change of changes) {
          if (change.isAdded) {
            names.add(change.name)
            expected.add(change.name)
          } else {
            names.remove(change.name)
            expected.delete(change.name)
          }
        }
        const sorted = [...expected].sort((a, b) => (a < b ? -1 : 1))
        assert.equal(names.size, sorted.length)
        assert.deepEqual(names.page({ prefix: '', after: undefined, limit: 100 }).names, sorted)
        assert.deepEqual(names.page(page), naivePage(sorted, page))
      },
    ),
    { numRuns: 300 },
  )
  t.end()
})

t.test('page after page gives every name once', (t) => {
  const names = new SortedNames()
  const all = Array.from({ length: 57 }, (_, index) => `user${String(index).padStart(2, '0')}`)
  for (const entry of all.toReversed()) names.add(entry)
  const seen: string[] = []
  let after: string | undefined
  do {
    const page = names.page({ prefix: 'user', after, limit: 10 })
    seen.push(...page.names)
    after = page.after
  } while (after !== undefined)
  t.strictSame(seen, all)
  t.end()
})
