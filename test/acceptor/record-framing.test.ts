import fc from 'fast-check'
import t from 'tap'
import { type RecordFraming, type RecordSink, recordFraming } from '../../src/acceptor/record-framing.ts'

const delimiters = { start: 0x02, end: 0x03 }

class Records implements RecordSink {
  readonly got: Buffer[] = []
  readonly faults: string[] = []
  /** Records after which it says stop. */
  stopAfter = Number.POSITIVE_INFINITY

  record(bytes: Buffer): boolean {
    this.got.push(Buffer.from(bytes))
    return this.got.length < this.stopAfter
  }

  broken(fault: string): void {
    this.faults.push(fault)
  }
}

function framingOf(kind: 'delimited' | 'prefixed', bytesMax = 1000): { framing: RecordFraming; records: Records } {
  const records = new Records()
  const framing = recordFraming(kind, delimiters, records)
  framing.recordBytesMax = bytesMax
  return { framing, records }
}

t.test('records come out as they went in, wherever the stream is cut', async (t) => {
  const record = fc.uint8Array({ minLength: 1, maxLength: 80 }).map((bytes) => Buffer.from(bytes))
  for (const kind of ['delimited', 'prefixed'] as const) {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 8 }), fc.array(fc.nat({ max: 200 })), (list, cuts) => {
        const { framing, records } = framingOf(kind)
        const bytes = framing.join(list)
        const ends = [...cuts.filter((cut) => cut < bytes.length).sort((one, other) => one - other), bytes.length]
        let from = 0
        for (const end of ends) {
          if (end > from) framing.push(bytes.subarray(from, end))
          from = Math.max(from, end)
        }
        return Buffer.concat(records.got).equals(Buffer.concat(list)) && records.faults.length === 0
      }),
    )
    t.pass(kind)
  }
})

t.test('after a stop the rest is not consumed', async (t) => {
  for (const kind of ['delimited', 'prefixed'] as const) {
    const { framing, records } = framingOf(kind)
    records.stopAfter = 1
    const bytes = framing.join([Buffer.from('abc'), Buffer.from('def')])
    t.equal(framing.push(bytes), bytes.length / 2)
    t.equal(records.got.length, 1)
  }
})

t.test('the longest record is taken, and one byte more is not', async (t) => {
  for (const [kind, more] of [
    ['delimited', 3],
    ['prefixed', 1],
  ] as const) {
    const { framing, records } = framingOf(kind, 30)
    t.equal(framing.recordBytesMax, 30)
    framing.push(framing.join([Buffer.alloc(30, 1)]))
    t.same([records.got.length, records.faults], [1, []])
    framing.push(framing.join([Buffer.alloc(30 + more, 1)]))
    t.same([records.got.length, records.faults], [1, ['too_large']])
    framing.push(framing.join([Buffer.from('abc')]))
    t.equal(records.got.length, 1, 'nothing is read any more')
  }
})

t.test('whatever is no record breaks a delimited stream, once', async (t) => {
  for (const [bytes, fault] of [
    ['x\u0002QUJD\u0003', 'noise'],
    ['\u0002QU\u0002QUJD\u0003', 'cut_short'],
    ['\u0002QU\u0003\u0002QU\u0003', 'not_base64'],
    ['\u0002\u0003', 'not_base64'],
  ] as const) {
    const { framing, records } = framingOf('delimited')
    framing.push(Buffer.from(bytes))
    framing.push(Buffer.from('\u0002QUJD\u0003'))
    t.same([records.got, records.faults], [[], [fault]], fault)
  }
})
