import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { recordFraming } from '../../src/acceptor/record-framing.ts'
import { SealedForm } from '../../src/acceptor/sealed-form.ts'
import { CompactForm, type FormSink, type InnerForm, prefixed, Utf8Form } from '../../src/acceptor/wire-form.ts'
import { readSessionKeys } from '../../src/security/key-schedule.ts'
import { RecordOpener, RecordSealer, recordType } from '../../src/security/records.ts'

const delimiters = { start: 0x02, end: 0x03 }
const frame = (body: string): Buffer => Buffer.from(`\u0002${body}\u0003`)
const json = '{"MsgType":"X"}'

/** A sealed form, with the client's end of it. */
class Session implements FormSink {
  readonly form: SealedForm
  readonly sealer: RecordSealer
  readonly opener: RecordOpener
  readonly events: string[] = []
  readonly bodies: string[] = []
  stableBytes: Buffer | undefined
  /** Frames after which the sink says stop, once. */
  stopAt = Number.POSITIVE_INFINITY
  readonly #framing

  constructor(options: { inner?: InnerForm } = {}) {
    const inner = options.inner ?? new Utf8Form({ delimiters, bodyBytesMax: 1000 })
    const keys = readSessionKeys(randomBytes(320))
    this.form = new SealedForm(inner, delimiters, {
      suite: 1,
      keys,
      events: {
        proven: ({ mac, signature }) => {
          this.events.push(`proven ${mac.length} ${signature.toString()}`)
          return !signature.equals(Buffer.from('wrong'))
        },
        broken: (fault) => this.events.push(fault),
        farewell: () => this.events.push('farewell'),
      },
    })
    this.sealer = new RecordSealer({ suite: 1, sender: 'client', keys })
    this.opener = new RecordOpener({ suite: 1, sender: 'server', keys })
    this.#framing = recordFraming(inner.framing, delimiters, { record: () => true, broken: () => {} })
  }

  frame(bytes: Buffer, start: number, end: number): boolean {
    this.bodies.push(bytes.toString('utf8', start, end))
    return this.bodies.length !== this.stopAt
  }

  noise(): void {
    this.events.push('noise passed on')
  }

  truncated(): void {
    this.events.push('truncated passed on')
  }

  tooLarge(): void {
    this.events.push('tooLarge')
  }

  stable(bytes: Buffer): void {
    this.stableBytes = bytes
  }

  wire(...records: Buffer[]): Buffer {
    return this.#framing.join(records)
  }

  proof(signature = 'sig', login: Buffer = frame('login')): Buffer {
    const length = Buffer.alloc(2)
    length.writeUInt16BE(signature.length)
    const plaintext = Buffer.concat([Buffer.alloc(32), length, Buffer.from(signature), login])
    return this.wire(this.sealer.seal(recordType.finish, plaintext))
  }

  data(...frames: Buffer[]): Buffer {
    return this.wire(this.sealer.seal(recordType.data, Buffer.concat(frames)))
  }

  read(bytes: Buffer): number {
    return this.form.read(bytes, this)
  }
}

function proven(options?: ConstructorParameters<typeof Session>[0]): Session {
  const session = new Session(options)
  session.read(session.proof())
  session.form.bodyBytesMax = 100_000
  session.bodies.length = 0
  session.events.length = 0
  return session
}

t.test('the first record brings the proof, and then the login as a frame', async (t) => {
  const session = new Session()
  const bytes = session.proof('abc')
  t.equal(session.read(bytes), bytes.length)
  t.same(session.events, ['proven 32 abc'])
  t.same(session.bodies, ['login'])
})

t.test('after a wrong proof nothing is read', async (t) => {
  const session = new Session()
  session.read(Buffer.concat([session.proof('wrong'), session.data(frame('one'))]))
  session.read(session.data(frame('two')))
  t.same([session.events, session.bodies], [['proven 32 wrong'], []])
})

t.test('a first record that is not one proof and one frame breaks the session', async (t) => {
  for (const login of ['', 'login', '\u0002login', '\u0002login\u0003x', '\u0002a\u0003\u0002b\u0003']) {
    const session = new Session()
    session.read(session.proof('abc', Buffer.from(login)))
    t.same([session.events, session.bodies], [['bad_finish'], []], JSON.stringify(login))
  }
  const noisy = new Session()
  noisy.read(noisy.proof('abc', Buffer.from('x\u0002a\u0003')))
  t.same(noisy.events, ['proven 32 abc', 'not_whole_frames'])
  const early = new Session()
  early.sealer.seal(recordType.finish, Buffer.alloc(40))
  early.read(early.data(frame('a')))
  t.same(early.events, ['not_opened'])
})

t.test('the frames of a record are given in place, as bytes that stay', async (t) => {
  const session = proven()
  session.read(session.data(frame('one'), frame('two')))
  t.same(session.bodies, ['one', 'two'])
  t.same(session.stableBytes, Buffer.concat([frame('one'), frame('two')]))
})

t.test('a stop keeps the rest, and the owner comes back with the last byte', async (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 1, max: 12 }),
      fc.array(fc.nat({ max: 400 }), { maxLength: 6 }),
      (records, every, cuts) => {
        const session = proven()
        let count = 0
        const bytes = Buffer.concat(
          records.map((frames) => session.data(...Array.from({ length: frames }, () => frame(`f${count++}`)))),
        )
        session.stopAt = every
        const ends = [...cuts.filter((cut) => cut < bytes.length).sort((one, other) => one - other), bytes.length]
        let from = 0
        for (const end of ends) {
          // As an owner does: what was not consumed is kept, and read again once there is room.
          while (from < end) {
            const consumed = session.read(bytes.subarray(from, end))
            from += consumed
            session.stopAt = session.bodies.length + every
          }
        }
        const expected = Array.from({ length: count }, (_, index) => `f${index}`)
        return session.bodies.join() === expected.join() && session.events.length === 0
      },
    ),
  )
  t.pass('at any cut')
})

t.test('what is in a record must be whole frames and nothing else', async (t) => {
  for (const plaintext of ['x', '\u0002a', 'a\u0003', '\u0002a\u0003x', 'x\u0002a\u0003', '\u0002a\u0002b\u0003']) {
    const session = proven()
    session.read(session.data(Buffer.from(plaintext)))
    session.read(session.data(frame('late')))
    t.same(session.events, ['not_whole_frames'], JSON.stringify(plaintext))
    t.notOk(session.bodies.includes('late'))
  }
})

t.test('a message over the limit is told like any other, and the session goes on', async (t) => {
  const session = proven()
  session.form.bodyBytesMax = 10
  session.read(session.data(frame('x'.repeat(11)), frame('y')))
  t.same([session.events, session.bodies], [['tooLarge'], ['y']])
})

t.test('records are as long as they may get, and no longer', async (t) => {
  const session = proven()
  session.form.bodyBytesMax = 100_000
  session.read(session.data(frame('x'.repeat(100_000))))
  t.equal(session.bodies[0]?.length, 100_000)
  session.read(session.data(frame('x'.repeat(101_000))))
  t.same(session.events, ['too_large'])
  const before = new Session()
  before.read(before.proof('s', frame('x'.repeat(2000))))
  t.same(before.events, ['too_large'], 'before the login they are short')
})

t.test('heartbeats and key updates are taken, an end is told, and after it nothing is read', async (t) => {
  const session = proven()
  const { sealer } = session
  session.read(session.wire(sealer.seal(recordType.heartbeat), sealer.seal(recordType.keyUpdate)))
  session.read(session.data(frame('under the next key')))
  const end = session.wire(sealer.seal(recordType.close), randomBytes(40))
  t.equal(session.read(end), end.length)
  t.same([session.events, session.bodies], [['farewell'], ['under the next key']])
})

t.test('what is written is one record where it fits, cut where frames end', async (t) => {
  const session = proven()
  const small = Buffer.concat(Array.from({ length: 100 }, (_, index) => frame(`message ${index}`)))
  t.equal(session.form.seal(small).length, 1)
  const large = Buffer.concat(Array.from({ length: 3000 }, (_, index) => frame(`message ${index} ${'x'.repeat(50)}`)))
  const records = new Session()
  const sealed = records.form.seal(large)
  const plain = sealed.map((record) => records.opener.open(record)?.plaintext ?? Buffer.alloc(0))
  t.same(Buffer.concat(plain), large)
  t.equal(sealed.length, Math.ceil(large.length / 65_536))
  for (const { length, [0]: first, [length - 1]: last } of plain) {
    t.ok(length <= 65_536)
    t.same([first, last], [0x02, 0x03])
  }
  const long = frame('x'.repeat(70_000))
  t.equal(records.form.seal(Buffer.concat([frame('a'), long, frame('b')])).length, 3, 'a long one has its own')
})

t.test('what is written goes over the wire in the form of the stream', async (t) => {
  const session = proven()
  const bytes = session.form.encode(frame('a'))
  const text = bytes.toString('latin1', 1, bytes.length - 1)
  t.same([bytes[0], bytes.at(-1)], [0x02, 0x03])
  t.same(session.opener.open(Buffer.from(text, 'base64'))?.plaintext, frame('a'))
  const compact = provenAs(new CompactForm({ delimiters, bodyBytesMax: 1000 }))
  const packed = compact.form.encode(frame(json))
  t.equal(packed.readUInt32BE(0), packed.length - 4)
  const { plaintext } = compact.opener.open(packed.subarray(4)) ?? {}
  t.equal(plaintext?.readUInt32BE(0), (plaintext?.length ?? 0) - 4)
  compact.read(compact.data(plaintext ?? Buffer.alloc(0)))
  t.same(compact.bodies, [json])
  compact.read(compact.data(prefixed(Buffer.from(json)).subarray(0, -1)))
  t.same(compact.events, ['not_whole_frames'])
})

function provenAs(inner: InnerForm): Session {
  const session = new Session({ inner })
  session.read(session.proof('s', prefixed(Buffer.from(json))))
  session.bodies.length = 0
  session.events.length = 0
  return session
}

t.test('the end is said once', async (t) => {
  const session = proven()
  const goodbye = session.form.goodbye() ?? Buffer.alloc(0)
  const record = Buffer.from(goodbye.toString('latin1', 1, goodbye.length - 1), 'base64')
  t.equal(session.opener.open(record)?.type, recordType.close)
  t.equal(session.form.goodbye(), undefined)
  t.equal(session.form.goodbyeRecord(), undefined)
})
