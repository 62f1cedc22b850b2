import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import type { Connection, ConnectionState, Session } from '../../src/acceptor/connection.ts'
import { type FrameEffects, FrameReader } from '../../src/acceptor/frame-reader.ts'
import { LearnedShape } from '../../src/acceptor/learned-shape.ts'
import type { Answered } from '../../src/protocol/replies.ts'
import { signMessage, signSessionMessage } from '../../src/security/message-signature.ts'
import { Secret } from '../../src/security/secret.ts'
import { vectorKey } from '../vectors/vector-files.ts'
import { bodiesIn, connectionIn, delimiters, frameOf, frameOfText, sessionOf, signatureOptions } from './fakes.ts'

/** Effects as data, in the order in which they were caused. */
type Caused =
  | { kind: 'relay'; to: string; count: number; callbackIds: readonly string[]; frames: Buffer }
  | { kind: 'authenticate' | 'request' | 'relaySigned'; message: { readonly [key: string]: unknown } }
  | { kind: 'acknowledged'; epoch: number; seq: number; callbackId: string | undefined }
  | { kind: 'tooFast' }
  | { kind: 'requestKeys'; answered: Answered }
  | { kind: 'handshakeFrame'; frame: { answered: Answered; body: Buffer } }
  | { kind: 'heartbeat'; callbackId: string | undefined }
  | { kind: 'heartbeatAnswered' }
  | { kind: 'refuse'; code: string; message: string; callbackId: string | undefined; type: string | undefined }
  | { kind: 'noise'; byteCount: number }

class Reading {
  readonly connection: Connection
  readonly caused: Caused[] = []
  readonly #reader: FrameReader
  isDraining = false
  mustStop = false

  constructor(state: ConnectionState) {
    this.connection = connectionIn(state)
    this.connection.channel.bodyBytesMax = 65_536
    const { caused } = this
    const effects: FrameEffects = {
      relay: (run) =>
        caused.push({
          kind: 'relay',
          to: run.to.toString('utf8', run.toStart, run.toEnd),
          count: run.count,
          callbackIds: run.callbackIds,
          frames: Buffer.from(run.bytes.subarray(run.start, run.end)),
        }),
      relaySigned: (message) => caused.push({ kind: 'relaySigned', message: { ...message } }),
      requestKeys: (_connection, answered) => caused.push({ kind: 'requestKeys', answered }),
      handshakeFrame: (_connection, frame) => caused.push({ kind: 'handshakeFrame', frame }),
      authenticate: (message) => caused.push({ kind: 'authenticate', message: { ...message } }),
      request: (message) => caused.push({ kind: 'request', message: { ...message } }),
      acknowledge: (message) => caused.push({ ...message }),
      heartbeat: (_connection, callbackId) => caused.push({ kind: 'heartbeat', callbackId }),
      heartbeatAnswered: () => caused.push({ kind: 'heartbeatAnswered' }),
      refuse: (_connection, { callbackId, type }, { code, message }) =>
        caused.push({ kind: 'refuse', code, message, callbackId, type }),
      noise: (_connection, byteCount) => caused.push({ kind: 'noise', byteCount }),
      tooFast: () => caused.push({ kind: 'tooFast' }),
      mustStop: () => this.mustStop,
      isDraining: () => this.isDraining,
    }
    this.#reader = new FrameReader(delimiters, signatureOptions, effects)
  }

  /** Reads a chunk; gives the bytes consumed. */
  read(...chunks: Buffer[]): number {
    const chunk = Buffer.concat(chunks)
    this.#reader.begin(this.connection, chunk, 0)
    const consumed = this.connection.channel.read(chunk, this.#reader)
    this.#reader.finish()
    return consumed
  }

  /** What reading these caused. */
  of(...chunks: Buffer[]): Caused[] {
    this.caused.length = 0
    this.read(...chunks)
    return [...this.caused]
  }
}

function greeting(): Reading {
  return new Reading({ kind: 'greeting', deadline: 1000 })
}

function inSession(user = 'ann', messagesPerSecond = 0): Reading {
  return new Reading({ kind: 'session', session: sessionOf(user, messagesPerSecond) })
}

const text = { ToUserId: 'bob', MsgType: 'TextMsgRequest', CreateTime: 1, Content: { Message: 'hi' } }

t.test('before login an AuthRequest is passed on, and nothing else', (t) => {
  const content = JSON.stringify({ UserId: 'ann', Password: 'x' })
  t.match(greeting().of(frameOf({ MsgType: 'AuthRequest', CallbackID: 'c', Content: content })), [
    { kind: 'authenticate', message: { connection: 7, address: '192.0.2.1', callbackId: 'c', content } },
  ])
  for (const [frame, code] of [
    [frameOf(text), 'auth_required'],
    [frameOf({ MsgType: 'HeartbeatRequest', Content: {} }), 'auth_required'],
    [frameOf({ MsgType: 'AuthRequest', ToUserId: 'bob', Content: content }), 'auth_required'],
    [frameOf({ MsgType: 'AuthRequest' }), 'bad_content'],
    [frameOf({ MsgType: 'AuthRequest', Content: { UserId: 1 } }), 'bad_content'],
    [frameOf({ MsgType: 'AuthRequest', FromUserId: 'bob', Content: content }), 'not_allowed'],
    [frameOfText('{'), 'bad_envelope'],
    [frameOfText(''), 'bad_envelope'],
    [Buffer.of(0x02, 0x80, 0x03), 'bad_frame'],
  ] as const) {
    t.match(greeting().of(frame), [{ kind: 'refuse', code }], frame.toString('latin1'))
  }
  t.end()
})

t.test('a request for keys, and what comes in a handshake, are passed on', (t) => {
  t.match(greeting().of(frameOf({ MsgType: 'PlatformKeyRequest', CallbackID: 'c', Content: {} })), [
    { kind: 'requestKeys', answered: { type: 'PlatformKeyRequest', toUser: false, callbackId: 'c' } },
  ])
  const frame = frameOf({ MsgType: 'TerminalKeyMessage', Content: { Suite: 1 } })
  const offer = { id: 1, nonce: 'n', time: 1000, callbackId: undefined }
  const offered = new Reading({ kind: 'offered', deadline: 1, offer, isUnasked: false })
  const [passed] = offered.of(frame)
  t.match(passed, { kind: 'handshakeFrame', frame: { answered: { type: 'TerminalKeyMessage', toUser: false } } })
  t.same((passed as { frame: { body: Buffer } }).frame.body, frame.subarray(1, -1), 'byte by byte as it came')
  t.end()
})

t.test('a login takes the proof of a handshake along', (t) => {
  const proof = Buffer.from('signature')
  const content = JSON.stringify({ UserId: 'ann', Password: 'x' })
  const reading = new Reading({ kind: 'greeting', deadline: 1, proof })
  t.match(reading.of(frameOf({ MsgType: 'AuthRequest', Content: content })), [
    { kind: 'authenticate', message: { proof } },
  ])
  t.end()
})

t.test('while the server drains no login is passed on', (t) => {
  const reading = greeting()
  reading.isDraining = true
  t.match(reading.of(frameOf({ MsgType: 'AuthRequest', Content: { UserId: 'a', Password: 'x' } })), [
    { kind: 'refuse', code: 'server_draining' },
  ])
  t.end()
})

t.test('a message to a user is relayed with its true sender', (t) => {
  for (const [changes, expected] of [
    [{}, 'ann'],
    [{ FromUserId: 'ann' }, 'ann'],
    [{ FromUserId: null }, 'ann'],
  ] as const) {
    const [relayed] = inSession().of(frameOf({ ...changes, ...text }))
    if (relayed?.kind !== 'relay') return t.fail('not relayed')
    t.match(relayed, { to: 'bob', count: 1, callbackIds: [] })
    t.match(bodiesIn(relayed.frames), [{ ...text, Content: JSON.stringify(text.Content), FromUserId: expected }])
  }
  return t.end()
})

t.test('what the session may not send is refused by its code', (t) => {
  for (const [envelope, code] of [
    [{ ...text, FromUserId: 'bob' }, 'not_allowed'],
    [{ ...text, FromUserId: 'ann ' }, 'not_allowed'],
    [{ ...text, FromUserId: '' }, 'not_allowed'],
    [{ ...text, MsgId: 'x' }, 'not_allowed'],
    [{ ...text, MsgType: 'AuthResponse' }, 'not_allowed'],
    [{ ...text, MsgType: 'PresenceEvent' }, 'not_allowed'],
    [{ ...text, MsgType: 'KickRequest' }, 'not_allowed'],
    [{ ...text, Content: '{"Message":' }, 'bad_content'],
    [{ ...text, Content: { Message: 1 } }, 'bad_content'],
    [{ ...text, Content: undefined }, 'bad_envelope'],
    [{ ...text, MsgType: 'Own', Content: 'no JSON' }, 'bad_content'],
    [{ MsgType: '__proto__' }, 'unknown_type'],
    [{ MsgType: 'Own' }, 'unknown_type'],
    [{ MsgType: 'AuthRequest' }, 'not_allowed'],
    [{ MsgType: 'CommonResponse' }, 'not_allowed'],
    [{ MsgType: 'TextMsgRequest', Content: { Message: 'x' } }, 'bad_envelope'],
    [{ MsgType: 'TerminalKeyMessage' }, 'not_allowed'],
    [{ MsgType: 'KickRequest', Content: {} }, 'bad_content'],
  ] as const) {
    const expected = [{ kind: 'refuse', code, callbackId: 'c1' }]
    t.match(inSession().of(frameOf({ ...envelope, CallbackID: 'c1' })), expected, JSON.stringify(envelope))
  }
  t.end()
})

t.test('a type of the users own is relayed when its content is JSON', (t) => {
  t.match(inSession().of(frameOf({ ...text, MsgType: '__proto__', Content: '[1]' })), [{ kind: 'relay', to: 'bob' }])
  t.end()
})

t.test('requests to the server go to the router, heartbeats are answered here', (t) => {
  const reading = inSession()
  t.match(reading.of(frameOf({ MsgType: 'UserListRequest', CallbackID: 'c1' })), [
    { kind: 'request', message: { type: 'UserListRequest', callbackId: 'c1', content: '{}', frame: undefined } },
  ])
  t.match(reading.of(frameOf({ MsgType: 'HeartbeatRequest', CallbackID: 'c2' })), [
    { kind: 'heartbeat', callbackId: 'c2' },
  ])
  t.match(reading.of(frameOf({ MsgType: 'HeartbeatResponse' })), [{ kind: 'heartbeatAnswered' }])
  const [broadcast] = reading.of(frameOf({ MsgType: 'BroadcastRequest', Content: { Message: 'x' } }))
  if (broadcast?.kind !== 'request') return t.fail('not passed on')
  t.match(bodiesIn(broadcast.message['frame'] as Buffer), [{ MsgType: 'BroadcastRequest', FromUserId: 'ann' }])
  return t.end()
})

t.test('a body that can not be read is answered to its CallbackID where that can be told', (t) => {
  t.match(inSession().of(frameOfText('{"MsgType":"A","CallbackID":"c1","msgtype":"B"}')), [
    { kind: 'refuse', code: 'bad_envelope', callbackId: 'c1' },
  ])
  t.match(inSession().of(frameOfText('{"CallbackID":"c1",')), [{ kind: 'refuse', callbackId: undefined }])
  t.match(inSession().of(frameOfText('{"__proto__":{"CallbackID":"c1"}}')), [{ kind: 'refuse', callbackId: undefined }])
  t.end()
})

t.test('frames to one receiver are one run, and one that wants an answer is a run of its own', (t) => {
  const named = { FromUserId: 'ann', ...text }
  const caused = inSession().of(
    frameOf(named),
    frameOf(named),
    frameOf({ ...named, CallbackID: 'c1' }),
    frameOf(named),
    frameOf({ ...named, ToUserId: 'cid' }),
  )
  t.match(caused, [
    { kind: 'relay', to: 'bob', count: 2, callbackIds: [] },
    { kind: 'relay', to: 'bob', count: 1, callbackIds: ['c1'] },
    { kind: 'relay', to: 'bob', count: 1, callbackIds: [] },
    { kind: 'relay', to: 'cid', count: 1 },
  ])
  t.end()
})

t.test('what is refused or asked never overtakes what was sent before it', (t) => {
  const caused = inSession().of(
    frameOf(text),
    frameOf({ MsgType: 'Own' }),
    frameOf(text),
    frameOf({ MsgType: 'UserListRequest' }),
    frameOf(text),
    Buffer.from('noise'),
    frameOf(text),
  )
  t.strictSame(
    caused.map(({ kind }) => kind),
    ['relay', 'refuse', 'relay', 'request', 'relay', 'noise', 'relay'],
  )
  t.end()
})

t.test('when reading must stop, the rest of the chunk is not consumed', (t) => {
  const reading = inSession()
  reading.mustStop = true
  const frame = frameOf(text)
  t.equal(reading.read(frame, frame, frame), frame.length)
  t.match(reading.caused, [{ kind: 'relay', count: 1 }])
  t.end()
})

t.test('over the rate every message with a CallbackID is refused with it, and the others are counted', (t) => {
  const reading = inSession('ann', 1)
  const frame = frameOf({ ...text, CallbackID: 'c' })
  t.match(reading.of(frame, frame, frame, frameOfText('{')), [
    { kind: 'relay', callbackIds: ['c', 'c'] },
    { kind: 'refuse', code: 'rate_limited', callbackId: 'c' },
    { kind: 'tooFast' },
  ])
  t.end()
})

t.test('a bad byte harms its own frame only', (t) => {
  const good = frameOf({ FromUserId: 'ann', ...text })
  const bad = Buffer.from(good)
  bad[bad.indexOf('hi')] = 0xc3
  t.match(inSession().of(good, bad, good), [
    { kind: 'relay', count: 1 },
    { kind: 'refuse', code: 'bad_frame' },
    { kind: 'relay', count: 1 },
  ])
  t.end()
})

t.test('frames that are cut short or too long are refused', (t) => {
  const reading = inSession()
  t.match(reading.of(Buffer.from('\u0002{"a"'), frameOf(text)), [
    { kind: 'refuse', code: 'bad_frame' },
    { kind: 'relay' },
  ])
  reading.connection.channel.bodyBytesMax = 300
  t.match(reading.of(frameOf({ ...text, Content: { Message: 'x'.repeat(300) } }), frameOf(text)), [
    { kind: 'refuse', code: 'frame_too_large' },
    { kind: 'relay' },
  ])
  t.end()
})

t.test(
  'whatever texts follow one another, each is relayed as it was, with its sender, and refused when it is no JSON',
  (t) => {
    const piece = fc.constantFrom(
      'a',
      '"',
      '\\',
      '\\"',
      '\\\\',
      '\\n',
      '\u00e9',
      '\\u0041',
      '{',
      '}',
      ',',
      ' ',
      '\\x',
      '\t',
    )
    const rawText = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(''))
    const message = fc.record({
      text: rawText,
      isRaw: fc.boolean(),
      to: fc.constantFrom('bob', 'cid'),
      from: fc.constantFrom('absent', 'own', 'null'),
    })
    fc.assert(
      fc.property(fc.array(message, { minLength: 1, maxLength: 12 }), (messages) => {
        const reading = inSession('a"n\\n')
        const expected: unknown[] = []
        const frames = messages.map(({ text, isRaw, to, from }) => {
          const sender = from === 'absent' ? '' : `"FromUserId":${from === 'own' ? JSON.stringify('a"n\\n') : 'null'},`
          // Raw pieces stand within the string within the string, where they may break either.
          const content = isRaw ? `"{\\"Message\\":\\"${text}\\"}"` : JSON.stringify(JSON.stringify({ Message: text }))
          const body = `{"ToUserId":"${to}",${sender}"MsgType":"TextMsgRequest","Content":${content}}`
          try {
            const parsed = JSON.parse(body) as { Content: string }
            const entity = JSON.parse(parsed.Content) as { Message?: unknown }
            if (typeof entity.Message === 'string') expected.push({ ...parsed, FromUserId: 'a"n\\n' })
          } catch {
            // Refused.
          }
          return frameOfText(body)
        })
        const caused = reading.of(...frames)
        const relayed = caused.flatMap((one) => (one.kind === 'relay' ? bodiesIn(one.frames) : []))
        // A key twice is refused where JSON.parse takes the last: the pieces can make one.
        const refused = caused.filter(({ kind }) => kind === 'refuse').length
        assert.equal(relayed.length + refused, messages.length)
        if (relayed.length === expected.length) assert.deepEqual(relayed, expected)
        else assert.ok(relayed.length < expected.length)
        assert.ok(relayed.every((envelope) => envelope['FromUserId'] === 'a"n\\n'))
      }),
      { numRuns: 500 },
    )
    t.end()
  },
)

const signingKey = new Secret(Buffer.alloc(32, 7))

/** A text of ann's, signed under the key of her session, that says so or says something else. */
function signedText(message: string, signed = message): Buffer {
  const Content = JSON.stringify({ Message: message })
  const fields = {
    from: 'ann',
    to: 'bob',
    clientMsgId: undefined,
    createTime: undefined,
    msgType: 'TextMsgRequest',
    content: JSON.stringify({ Message: signed }),
  }
  const Sign = signSessionMessage(signingKey, fields, Math.floor(Date.now() / 1000), `nonce-of-${signed}`)
  return frameOf({ FromUserId: 'ann', ToUserId: 'bob', MsgType: 'TextMsgRequest', Content, Sign })
}

function inSealedSession(): { reading: Reading; session: Session } {
  const facts = { suite: 1, thumbprint: 't', signingKey } as const
  const session: Session = { ...sessionOf('ann'), sealed: facts }
  return { reading: new Reading({ kind: 'session', session }), session }
}

function kinds(caused: readonly Caused[]): unknown[] {
  return caused.map((one) =>
    one.kind === 'refuse' ? one.code : one.kind === 'relay' ? `relay ${one.count}` : one.kind,
  )
}

t.test('a signed message is relayed with its signature, and never stands for another', (t) => {
  const { reading } = inSealedSession()
  const frame = signedText('hello')
  const caused = reading.of(frame)
  t.match(caused, [{ kind: 'relay', to: 'bob', frames: frame }])
  const copies = [signedText('changed', 'hello'), signedText('hello')]
  for (const copy of copies) t.match(kinds(reading.of(copy)), [/bad_signature|replayed/])
  t.end()
})

t.test('what must be signed is not relayed unsigned, also when its shape was learned before', (t) => {
  const { reading, session } = inSealedSession()
  const plain = frameOf({ FromUserId: 'ann', ToUserId: 'bob', MsgType: 'TextMsgRequest', Content: { Message: 'x' } })
  t.same(kinds(reading.of(plain, plain)), ['relay 2'])
  session.policies = { signedOnly: true, endToEnd: 'allow' }
  session.shape = new LearnedShape()
  t.same(kinds(reading.of(plain, plain)), ['signature_required', 'signature_required'])
  t.same(kinds(reading.of(signedText('one'), signedText('two'))), ['relay 2'])
  t.same(kinds(reading.of(frameOf({ MsgType: 'BroadcastRequest', Content: { Message: 'x' } }))), ['signature_required'])
  t.same(kinds(reading.of(frameOf({ MsgType: 'UserListRequest', Content: {} }))), ['request'])
  t.end()
})

t.test('what a user may send to users is held to the policy', (t) => {
  const { reading, session } = inSealedSession()
  const plain = frameOf({ ToUserId: 'bob', MsgType: 'TextMsgRequest', Content: { Message: 'x' } })
  const envelope = { ToUserId: 'bob', MsgType: 'EndToEndMsgRequest', Content: { Jws: 'a.b.c' } }
  const secret = frameOf({ ...envelope, ClientMsgId: 'i', CreateTime: 1 })
  t.same(kinds(reading.of(secret, plain)), ['relay 1', 'relay 1'])
  t.same(kinds(reading.of(frameOf({ ...envelope, ClientMsgId: 'i' }))), ['bad_envelope'])
  t.same(kinds(reading.of(frameOf({ ...envelope, CreateTime: 1 }))), ['bad_envelope'])
  session.policies = { signedOnly: false, endToEnd: 'require' }
  session.shape = new LearnedShape()
  t.same(kinds(reading.of(secret, plain, secret)), ['relay 1', 'not_allowed', 'relay 1'])
  session.policies = { signedOnly: false, endToEnd: 'refuse' }
  t.same(kinds(reading.of(secret, plain)), ['not_allowed', 'relay 1'])
  t.end()
})

t.test('messages signed by a key are gathered, and keep their place among the others', (t) => {
  const { reading, session } = inSealedSession()
  const { jwk, thumbprint, privateKey } = vectorKey('alice')
  session.keys = new Map([[thumbprint, jwk.n]])
  const byKey = (id: string): Buffer => {
    const content = JSON.stringify({ Message: id })
    const createTime = Math.floor(Date.now() / 1000)
    const fields = { from: 'ann', to: 'bob', clientMsgId: id, createTime, msgType: 'TextMsgRequest', content }
    const Sign = signMessage('PS256', privateKey, thumbprint, fields)
    return frameOf({
      ToUserId: 'bob',
      MsgType: 'TextMsgRequest',
      ClientMsgId: id,
      CreateTime: createTime,
      Content: content,
      Sign,
    })
  }
  const plain = frameOf({ ToUserId: 'bob', MsgType: 'TextMsgRequest', Content: { Message: 'x' } })
  const list = frameOf({ MsgType: 'UserListRequest', Content: {} })
  const caused = reading.of(plain, byKey('1'), byKey('2'), plain, plain, byKey('3'), list, plain)
  t.same(kinds(caused), ['relay 1', 'relaySigned', 'relay 2', 'relaySigned', 'request', 'relay 1'])
  const runs = caused.flatMap((one) => (one.kind === 'relaySigned' ? [one.message] : []))
  t.match(runs, [{ to: 'bob', items: [{ id: '1', key: thumbprint }, { id: '2' }] }, { items: [{ id: '3' }] }])
  t.match(bodiesIn(runs[0]?.['frames'] as Buffer), [{ FromUserId: 'ann' }, { FromUserId: 'ann' }], 'with their sender')
  t.ok(session.unverified.bytes() > 1000)
  t.end()
})
