import fc from 'fast-check'
import t from 'tap'
import { type Arrival, Arrivals, arrivalsMax } from '../../src/client/arrivals.ts'
import { type Cursor, compareCursors } from '../../src/client/cursor.ts'

function at(seq: number, epoch = 'e1'): Cursor {
  return { epoch, seq }
}

function begun(seq = 0): Arrivals {
  const arrivals = new Arrivals()
  arrivals.begin({ at: at(seq), recovered: true, missing: undefined })
  return arrivals
}

function take(arrivals: Arrivals, place: Cursor): Arrival {
  const arrived = arrivals.arrive(place)
  if (arrived.kind !== 'new' && arrived.kind !== 'again')
    throw new Error(`${place.epoch}/${place.seq} is ${arrived.kind}`)
  return arrived.arrival
}

t.test('the cursor follows what was handled, not what has arrived', async (t) => {
  const arrivals = begun()
  const [first, second, third] = [1, 2, 3].map((seq) => take(arrivals, at(seq)))
  t.same(arrivals.cursor, at(0))
  t.equal(arrivals.handled(second as Arrival), 0, 'the first one is still waited for')
  t.same(arrivals.cursor, at(0))
  t.equal(arrivals.handled(first as Arrival), 2)
  t.same(arrivals.cursor, at(2))
  t.equal(arrivals.handled(first as Arrival), 0, 'once')
  t.equal(arrivals.handled(third as Arrival), 1)
  t.same(arrivals.cursor, at(3))
  t.equal(arrivals.count, 0)
})

t.test('what comes again is a repeat, whether it was handled or is being handled', async (t) => {
  const arrivals = begun()
  const first = take(arrivals, at(1))
  const second = take(arrivals, at(2))
  arrivals.handled(first)
  t.equal(arrivals.begin({ at: at(1), recovered: true, missing: undefined }), undefined)
  t.same(arrivals.arrive(at(1)), { kind: 'repeat' })
  t.same(arrivals.arrive(at(2)), { kind: 'repeat' })
  t.equal(arrivals.handled(second), 1)
  t.same(arrivals.cursor, at(2))
  take(arrivals, at(3))
})

t.test('what nobody handled holds the cursor, and is shown when it comes again', async (t) => {
  const arrivals = begun()
  const first = take(arrivals, at(1))
  const second = take(arrivals, at(2))
  arrivals.abandon(first)
  t.equal(arrivals.handled(second), 0)
  arrivals.begin({ at: at(0), recovered: true, missing: undefined })
  const again = take(arrivals, at(1))
  t.same(arrivals.arrive(at(2)), { kind: 'repeat' })
  t.equal(arrivals.handled(again), 2)
  t.same(arrivals.cursor, at(2))
})

t.test('a hole within an epoch is told, and does not hold the cursor', async (t) => {
  const arrivals = begun()
  arrivals.handled(take(arrivals, at(1)))
  const arrived = arrivals.arrive(at(5))
  t.match(arrived, { kind: 'new', loss: { count: 3, after: at(1), upTo: at(4) } })
  if (arrived.kind === 'new') arrivals.handled(arrived.arrival)
  t.same(arrivals.cursor, at(5))
})

t.test('what fills a hole comes late, once', async (t) => {
  const arrivals = begun()
  arrivals.arrive(at(5))
  const arrived = arrivals.arrive(at(3))
  t.equal(arrived.kind, 'late')
  t.same(arrivals.arrive(at(3)), { kind: 'repeat' })
  t.equal(arrivals.arrive(at(2)).kind, 'late')
  t.equal(arrivals.arrive(at(4)).kind, 'late')
  t.same(arrivals.arrive(at(5)), { kind: 'repeat' })
  t.equal(arrivals.count, 4)
})

t.test('another epoch begins its own numbers', async (t) => {
  const arrivals = begun(7)
  arrivals.handled(take(arrivals, at(8)))
  const arrived = arrivals.arrive(at(1, 'e2'))
  t.match(arrived, { kind: 'new', loss: undefined })
  t.same(arrivals.arrive(at(8)), { kind: 'repeat' }, 'the one before is over')
  t.match(arrivals.arrive(at(3, 'e2')), { loss: { count: 1 } })
})

t.test('a login tells what is lost, and where it goes on', async (t) => {
  const arrivals = begun()
  const first = take(arrivals, at(1))
  const loss = arrivals.begin({ at: at(4, 'e2'), recovered: false, missing: 9 })
  t.same(loss, { count: 9, after: at(0), upTo: at(4, 'e2') })
  t.same(arrivals.cursor, at(4, 'e2'))
  t.equal(arrivals.handled(first), 0, 'that is over')
  t.same(arrivals.cursor, at(4, 'e2'))
  t.match(arrivals.arrive(at(5, 'e2')), { kind: 'new', loss: undefined })
})

t.test('a place further on than everything known means that another session has acknowledged', async (t) => {
  const arrivals = begun()
  take(arrivals, at(1))
  t.equal(arrivals.begin({ at: at(6), recovered: true, missing: undefined }), undefined)
  t.equal(arrivals.count, 0)
  t.same(arrivals.arrive(at(6)), { kind: 'repeat' })
  t.match(arrivals.arrive(at(7)), { kind: 'new', loss: undefined })
})

t.test('a server that was set back to an older state is believed', async (t) => {
  const arrivals = new Arrivals()
  arrivals.restore(at(100, 'e9'))
  const loss = arrivals.begin({ at: at(3, 'e7'), recovered: false, missing: undefined })
  t.same(loss, { count: undefined, after: at(100, 'e9'), upTo: at(3, 'e7') })
  t.match(arrivals.arrive(at(4, 'e7')), { kind: 'new', loss: undefined })
})

t.test('more than can wait is not taken in until the next login', async (t) => {
  const arrivals = begun()
  const taken: Arrival[] = []
  for (let seq = 1; seq <= arrivalsMax; seq++) taken.push(take(arrivals, at(seq)))
  t.same(arrivals.arrive(at(arrivalsMax + 1)), { kind: 'full' })
  for (const arrival of taken) arrivals.handled(arrival)
  t.same(arrivals.arrive(at(arrivalsMax + 2)), { kind: 'full' }, 'it would come before the one that was left out')
  t.equal(arrivals.begin({ at: at(arrivalsMax), recovered: true, missing: undefined }), undefined)
  t.match(arrivals.arrive(at(arrivalsMax + 1)), { kind: 'new', loss: undefined })
})

t.test(
  'whatever is lost, repeated and reordered: each is shown once, and the cursor never passes what waits',
  async () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ do: fc.constant('arrive' as const), skip: fc.nat(2) }) },
      { weight: 5, arbitrary: fc.record({ do: fc.constant('handle' as const), pick: fc.nat() }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('abandon' as const), pick: fc.nat() }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('reconnect' as const), epochs: fc.nat(1) }) },
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const arrivals = begun()
        const waiting: Arrival[] = []
        const handled = new Set<string>()
        /** Everything that the server has, in order. */
        const sent: Cursor[] = []
        let epoch = 1
        let seq = 0
        const deliver = (place: Cursor): void => {
          const arrived = arrivals.arrive(place)
          if (arrived.kind === 'repeat' || arrived.kind === 'full') return
          const key = `${place.epoch}/${place.seq}`
          if (handled.has(key) || waiting.some((each) => each.at === place)) throw new Error(`${key} is shown twice`)
          waiting.push(arrived.arrival)
        }
        for (const each of steps) {
          switch (each.do) {
            case 'arrive': {
              seq += 1 + each.skip
              const place = at(seq, `e${epoch}`)
              sent.push(place)
              deliver(place)
              break
            }
            case 'handle':
            case 'abandon': {
              const [arrival] = waiting.splice(each.pick % Math.max(1, waiting.length), 1)
              if (arrival === undefined) break
              if (each.do === 'abandon') {
                arrivals.abandon(arrival)
                break
              }
              handled.add(`${arrival.at.epoch}/${arrival.at.seq}`)
              arrivals.handled(arrival)
              break
            }
            case 'reconnect': {
              const cursor = arrivals.cursor as Cursor
              if (each.epochs > 0) {
                epoch++
                seq = 0
              }
              arrivals.begin({ at: cursor, recovered: true, missing: undefined })
              for (const place of sent) if (compareCursors(place, cursor) > 0) deliver(place)
            }
          }
          const cursor = arrivals.cursor as Cursor
          for (const { at: place } of waiting) {
            if (compareCursors(place, cursor) <= 0) throw new Error('the cursor has passed what waits')
          }
        }
        // In the end everything is shown.
        arrivals.begin({ at: arrivals.cursor as Cursor, recovered: true, missing: undefined })
        for (const place of sent) deliver(place)
        for (const arrival of waiting) arrivals.handled(arrival)
        const last = sent.at(-1)
        if (last !== undefined && compareCursors(arrivals.cursor as Cursor, last) !== 0)
          throw new Error('not all acknowledged')
      }),
      { numRuns: 500 },
    )
  },
)
