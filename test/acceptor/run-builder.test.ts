import t from 'tap'
import { addressingOf } from '../../src/acceptor/addressing.ts'
import { RunBuilder } from '../../src/acceptor/run-builder.ts'
import type { RelayRun } from '../../src/mailbox/router-codec.ts'
import { EnvelopeReader } from '../../src/protocol/envelope-reader.ts'
import { bodiesIn, connectionIn, frameOf, sessionOf } from './fakes.ts'

interface Sent {
  readonly to: string
  readonly count: number
  readonly callbackIds: readonly string[]
  /** Whether the frames are those of the chunk itself. */
  readonly isInPlace: boolean
  readonly bodies: readonly { readonly [key: string]: unknown }[]
}

/** Builds runs of the frames of one chunk, as a session of this user. */
function runsOf(user: string, envelopes: readonly { readonly [key: string]: unknown }[]): Sent[] {
  const sent: Sent[] = []
  const frames = envelopes.map((envelope) => frameOf(envelope))
  const chunk = Buffer.concat(frames)
  const runs = new RunBuilder(({ to, toStart, toEnd, count, callbackIds, bytes, start, end }: RelayRun) =>
    sent.push({
      to: to.toString('utf8', toStart, toEnd),
      count,
      callbackIds,
      isInPlace: bytes === chunk,
      bodies: bodiesIn(bytes.subarray(start, end)),
    }),
  )
  const session = sessionOf(user)
  const connection = connectionIn({ kind: 'session', session })
  const envelope = new EnvelopeReader()
  let at = 0
  for (const { length } of frames) {
    const frame = { bytes: chunk, start: at + 1, end: at + length - 1 }
    if (envelope.read(chunk, frame.start, frame.end) !== undefined) throw new Error('not an envelope')
    runs.add(connection, session, addressingOf(envelope, frame.start), frame)
    at += length
  }
  runs.flush()
  return sent
}

const message = { ToUserId: 'bob', MsgType: 'T', Content: '1' }

t.test('frames that name their sender are passed on in place, as one run', (t) => {
  const named = { ...message, FromUserId: 'ann' }
  t.match(runsOf('ann', [named, named, named]), [{ to: 'bob', count: 3, isInPlace: true }])
  t.end()
})

t.test('into others the sender is written, also over a null, and they are one run too', (t) => {
  const [run, ...more] = runsOf('ann', [message, { ...message, FromUserId: null }, message])
  t.match(run, { count: 3, isInPlace: false })
  t.equal(more.length, 0)
  for (const body of run?.bodies ?? []) t.strictSame(body, { ...message, FromUserId: 'ann' })
  t.end()
})

t.test('names with quotes, and any text, are written as JSON', (t) => {
  for (const user of ['a"b\\c', '\u4f60\u597d', '__proto__']) {
    const [run] = runsOf(user, [message])
    t.equal(run?.bodies[0]?.['FromUserId'], user)
  }
  t.end()
})

t.test('the order is kept when frames with and without a sender, to several, follow one another', (t) => {
  const envelopes = Array.from({ length: 50 }, (_, index) => ({
    ...message,
    ...(index % 3 === 0 ? { FromUserId: 'ann' } : {}),
    ToUserId: index % 7 < 4 ? 'bob' : 'cid',
    Content: String(index),
    ...(index % 11 === 0 ? { CallbackID: `c${index}` } : {}),
  }))
  const sent = runsOf('ann', envelopes)
  t.strictSame(
    sent.flatMap(({ bodies }) => bodies.map(({ Content }) => Content)),
    envelopes.map(({ Content }) => Content),
  )
  t.strictSame(
    sent.flatMap(({ callbackIds }) => callbackIds),
    envelopes.flatMap(({ CallbackID }) => CallbackID ?? []),
  )
  for (const { to, count, bodies, callbackIds } of sent) {
    t.equal(bodies.length, count)
    t.ok(bodies.every(({ ToUserId }) => ToUserId === to))
    t.strictSame(
      callbackIds,
      bodies.flatMap(({ CallbackID }) => CallbackID ?? []),
    )
  }
  t.end()
})

t.test('more than the scratch bytes hold goes on in new ones, and nothing is lost', (t) => {
  const envelopes = Array.from({ length: 40 }, (_, index) => ({
    ...message,
    Content: JSON.stringify(`${index} ${'x'.repeat(index === 20 ? 100_000 : 5000)}`),
  }))
  const sent = runsOf('ann', envelopes)
  t.strictSame(
    sent.flatMap(({ bodies }) => bodies),
    envelopes.map((envelope) => ({ ...envelope, FromUserId: 'ann' })),
  )
  t.end()
})
