/** The reader against `JSON.parse` and the rules: nobody is ever taken for somebody else. */
import fc from 'fast-check'
import t from 'tap'
import { envelopeFields } from '../../src/protocol/envelope.ts'
import { EnvelopeReader } from '../../src/protocol/envelope-reader.ts'
import { userIdFault } from '../../src/protocol/user-id.ts'
import { membersOf, referenceEnvelope } from './envelope-reference.ts'
import { looseJson, looseMembers, looseString, mutated } from './json-text.ts'

const reader = new EnvelopeReader()

/** Reads a body that lies between other bytes. Gives the fault's sentence, or undefined. */
function read(text: string): string | undefined {
  const body = Buffer.from(text, 'utf8')
  const bytes = Buffer.concat([Buffer.from('{"\u0002'), body, Buffer.from('\u0003"}')])
  const problem = reader.read(bytes, 3, 3 + body.length)
  if (problem !== undefined && problem.code !== 'bad_envelope') throw new Error(`the code ${problem.code}`)
  return problem?.message
}

/** What the reader found, by the names of `JSON.parse`. */
function found(): Record<string, unknown> {
  return {
    ToUserId: reader.to(),
    FromUserId: reader.from(),
    MsgType: reader.type(),
    Content: reader.content(),
    CallbackID: reader.callbackId(),
    ClientMsgId: reader.clientMsgId(),
  }
}

function orUndefined(value: unknown): unknown {
  return value === null ? undefined : value
}

/** Throws when the reader, which has just accepted a body, found anything but what is in it. */
function assertSame(envelope: Record<string, unknown>): void {
  const expected = {
    ToUserId: envelope['ToUserId'] ?? '',
    FromUserId: orUndefined(envelope['FromUserId']),
    MsgType: envelope['MsgType'],
    Content: orUndefined(envelope['Content']),
    CallbackID: envelope['CallbackID'] || undefined,
    ClientMsgId: orUndefined(envelope['ClientMsgId']),
  }
  const actual = found()
  for (const [name, value] of Object.entries(expected)) {
    if (actual[name] !== value)
      throw new Error(`${name} is ${JSON.stringify(actual[name])}, not ${JSON.stringify(value)}`)
  }
  const serverFields = ['MsgId', 'Seq', 'Epoch', 'ServerTime'].filter(
    (name) => orUndefined(envelope[name]) !== undefined,
  )
  const answers: readonly (readonly [string, boolean])[] = [
    ['hasFrom', reader.hasFrom() === (expected.FromUserId !== undefined)],
    ['isToServer', reader.isToServer() === (expected.ToUserId === '')],
    ['hasCallbackId', reader.hasCallbackId() === (expected.CallbackID !== undefined)],
    ['serverField', reader.serverField() === serverFields[0]],
  ]
  for (const [name, isRight] of answers) if (!isRight) throw new Error(`${name} is wrong`)
}

/** Throws unless the reader does what the rules say. Gives whether the body was accepted. */
function check(text: string): boolean {
  const problem = read(text)
  const envelope = referenceEnvelope(text)
  if (envelope === undefined) {
    if (problem === undefined) throw new Error('it was accepted')
    return false
  }
  if (problem !== undefined) throw new Error(`it was refused: ${problem}`)
  assertSame(envelope)
  return true
}

/** Puts a sender into the body that was just read, as the server does. */
function spliced(text: string, user: string): string {
  const body = Buffer.from(text, 'utf8')
  const bytes = Buffer.concat([Buffer.from('xyz'), body])
  if (reader.read(bytes, 3, bytes.length) !== undefined) throw new Error('it was refused')
  const { at, isNull } = reader.fromSplice()
  const name = JSON.stringify(user)
  const [middle, rest] = isNull ? [name, at + 4] : [`"FromUserId":${name},`, at]
  return bytes.toString('utf8', 3, at) + middle + bytes.toString('utf8', rest)
}

// Arbitraries

const names = fc.constantFrom('alice', '李雷', '__proto__', 'constructor', '😀', 'a"b', 'a\\b', '\\u0061lice', 'é')
const anyName = fc.oneof(names, fc.string({ unit: 'binary', maxLength: 10 }), fc.constant(''))
const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 20 }), fc.string({ maxLength: 20 }))
const nothing = fc.constant(null)

const goodValues: Readonly<Record<(typeof envelopeFields)[number], fc.Arbitrary<unknown>>> = {
  ToUserId: fc.oneof(names, fc.constant(''), nothing),
  FromUserId: fc.oneof(anyName, nothing),
  MsgType: fc.constantFrom('TextMsgRequest', 'AuthRequest', '__proto__', 'x', '类型'),
  CreateTime: fc.oneof(fc.integer({ min: 0, max: 2 ** 40 }), nothing),
  Content: fc.oneof(text, nothing, fc.constant('{"Message":"hi"}')),
  CallbackID: fc.oneof(fc.string({ maxLength: 10 }), nothing),
  ClientMsgId: fc.oneof(fc.string({ maxLength: 10 }), nothing),
  MsgId: fc.oneof(text, nothing),
  Seq: fc.oneof(fc.integer(), nothing),
  Epoch: fc.oneof(text, nothing),
  ServerTime: fc.oneof(fc.integer(), nothing),
  Volatile: fc.oneof(fc.boolean(), nothing),
  Sign: fc.jsonValue({ maxDepth: 3 }),
}

const unknownKeys = fc.oneof(
  fc.constantFrom('__proto__', 'toString', '', 'X', 'toUser', 'MsgTyp', 'FromUserId ', 'From\u0000UserId', 'SignX'),
  fc.string({ unit: 'binary', maxLength: 8 }),
)
const twinKeys = fc
  .constantFrom(...['fromuserid', 'FROMUSERID', 'fromUserId', 'FromU\u017ferId', 'CallbacK\u0049d', 'Callbac\u212aID'])
  .map((key) => key)
const known = fc.constantFrom(...envelopeFields)

const goodMember = fc.oneof(
  known.chain((key) => goodValues[key].map((value) => [key, value] as const)),
  fc.tuple(unknownKeys, fc.jsonValue({ maxDepth: 3 })),
)
const badMember = fc.oneof(fc.tuple(known, fc.jsonValue({ maxDepth: 1 })), fc.tuple(twinKeys, text))

/** Members of an envelope that is mostly right, in any order, sometimes with a key twice. */
const members = fc
  .tuple(
    fc.uniqueArray(goodMember, { maxLength: 10, selector: ([key]) => key }),
    goodValues.MsgType,
    fc.oneof(
      { weight: 5, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.array(fc.oneof(goodMember, badMember), { maxLength: 2 }) },
    ),
  )
  .chain(([some, type, more]) => {
    const all = [...some.filter(([key]) => key !== 'MsgType'), ['MsgType', type] as const, ...more]
    return fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length })
  })

t.test('random envelopes in any spelling are read as the rules say', async (t) => {
  let accepted = 0
  let refused = 0
  fc.assert(
    fc.property(members.chain(looseMembers), (body) => {
      if (check(body)) accepted++
      else refused++
    }),
    { numRuns: 3000 },
  )
  t.ok(accepted > 300 && refused > 300, `${accepted} accepted, ${refused} refused`)
})

t.test('keys spelled plainly and values in any way: mostly accepted, and the fields are the same', async (t) => {
  const plain = members.chain((chosen) =>
    fc
      .tuple(...chosen.map(([key, value]) => looseJson(value).map((spelled) => `${JSON.stringify(key)}:${spelled}`)))
      .map((parts) => `{${parts.join(',')}}`),
  )
  let accepted = 0
  fc.assert(
    fc.property(plain, (body) => {
      if (check(body)) accepted++
    }),
    { numRuns: 3000 },
  )
  t.ok(accepted > 1500, `${accepted} accepted`)
})

t.test('random damage: what is accepted is what JSON.parse reads, what that refuses is refused', async (t) => {
  const plain = members.map(
    (chosen) => `{${chosen.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`,
  )
  let accepted = 0
  fc.assert(
    fc.property(fc.oneof(plain, members.chain(looseMembers)).chain(mutated), (body) => {
      if (check(body)) accepted++
    }),
    { numRuns: 8000 },
  )
  t.ok(accepted > 200, `${accepted} accepted`)
})

t.test('random damage to bytes: never another sender than JSON.parse sees', async (t) => {
  let accepted = 0
  const body = '{"ToUserId":"bob","FromUserId":"alice","MsgType":"T","Content":"{\\"Message\\":\\"x\\"}","A":[1]}'
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(body.length - 1), fc.integer({ min: 0, max: 127 })), { minLength: 1, maxLength: 3 }),
      (changes) => {
        const bytes = Buffer.from(body)
        for (const [at, value] of changes) bytes[at] = value
        if (check(bytes.toString('utf8'))) accepted++
      },
    ),
    { numRuns: 8000 },
  )
  t.ok(accepted > 200, `${accepted} accepted`)
})

t.test('every prefix of an envelope is refused', async (t) => {
  const body = ' { "ToUserId" : "b\\u006fb" , "MsgType":"T","CreateTime":12,"Volatile":true,"Sign":{"a":[null]} } '
  t.equal(check(body), true)
  for (let end = 0; end < body.length - 1; end++) {
    if (check(body.slice(0, end))) t.fail(`${end} bytes`)
  }
})

t.test('a name matches only when it is the same after unescaping', async (t) => {
  // The user `\u0061lice` (with a backslash) is not alice, though alice can be written so.
  t.equal(userIdFault('\\u0061lice'), undefined, 'a backslash may stand in a name')
  const name = Buffer.from('\\u0061lice')
  t.equal(read('{"FromUserId":"\\u0061lice","ToUserId":"\\u0061lice","MsgType":"\\u0061lice"}'), undefined)
  t.strictSame([reader.from(), reader.to(), reader.type()], ['alice', 'alice', 'alice'])
  t.equal(reader.isFrom(name), false, 'sender')
  t.equal(reader.isTo(name), false, 'receiver')
  t.equal(reader.isType(name), false, 'type')
  t.equal(read('{"FromUserId":"alice","ToUserId":"bob","MsgType":"T"}'), undefined)
  t.strictSame(
    [reader.isFrom(Buffer.from('alice')), reader.isTo(Buffer.from('bob')), reader.isType(Buffer.from('T'))],
    [true, true, true],
  )
  t.strictSame(
    [reader.isFrom(Buffer.from('alic')), reader.isTo(Buffer.from('bobb')), reader.isType(Buffer.from(''))],
    [false, false, false],
  )
})

t.test('whenever a name matches it is the name that JSON.parse sees', async () => {
  const tricky = fc
    .array(fc.constantFrom('\\', 'u', '0', '6', '1', 'a', 'n', '/', 'é'), { maxLength: 8 })
    .map((parts) => parts.join(''))
  fc.assert(
    fc.property(tricky, tricky, (written, name) => {
      const body = `{"MsgType":"T","FromUserId":"${written}"}`
      if (read(body) !== undefined) return true
      const from = (JSON.parse(body) as { FromUserId: string }).FromUserId
      for (const user of [name, written, from]) {
        if (reader.isFrom(Buffer.from(user)) && user !== from) return false
      }
      return true
    }),
    { numRuns: 3000 },
  )
})

t.test('a key twice is refused, however it is written', async (t) => {
  for (const field of envelopeFields) {
    t.match(read(`{"MsgType":"T","${field}":null,"${field}":null}`), /twice/, field)
  }
  t.match(read('{"MsgType":"T","x":1,"x":1}'), /twice/)
  t.match(read('{"MsgType":"T","x":1,"\\u0078":1}'), /twice/)
  t.match(read('{"MsgType":"T","__proto__":1,"__proto__":1}'), /twice/)
  t.match(read('{"MsgType":"T","":1,"":1}'), /twice/)
  t.equal(
    read('{"MsgType":"T","x":{"y":1,"y":1},"X":1}'),
    undefined,
    'inner objects and other case are not our business',
  )
})

t.test('a key that could be taken for a field is refused', async (t) => {
  const twins = [
    ...[
      'fromuserid',
      'FROMUSERID',
      'fromUserId',
      'FromUserID',
      'From\\u0055serId',
      '\\u0046romUserId',
      'FromUserI\\u0064',
    ],
    ...[
      'touserid',
      'TOUSERID',
      'msgtype',
      'MSGTYPE',
      'content',
      'CONTENT',
      'callbackId',
      'CallbackId',
      'callbackid',
      'sign',
      'seq',
    ],
    ...['clientmsgid', 'msgid', 'epoch', 'servertime', 'volatile', 'createtime', 'SIGN', 'SEQ', 'Si\\u0067n'],
    // Kelvin sign, long s, dotless i, dotted I: some parsers fold them to k, s and i.
    ...[
      'Callbac\u212aID',
      'FromU\u017ferId',
      'FromUser\u0131d',
      'FromUser\u0130d',
      'M\u017fgType',
      '\u017fIGN',
      'MSG\u0130D',
      'Ep\\u006fch',
    ],
    ...['FromU\\u017ferId', 'FromUser\\u0130d', 'Callbac\\u212aID', 'VOLAT\u0130LE', 'volat\u0131le'],
  ]
  for (const twin of twins) {
    t.match(read(`{"MsgType":"T","${twin}":"eve"}`), /could be taken/, twin)
    t.match(read(`{"${twin}":"eve","MsgType":"T","FromUserId":"alice"}`), /could be taken/, twin)
  }
  for (const key of [
    'From',
    'FromUserId2',
    'FromUserId ',
    ' FromUserId',
    'From_User_Id',
    'Ｓign',
    'Sign\u0301',
    'msg type',
  ]) {
    t.equal(read(`{"MsgType":"T","${key}":"eve"}`), undefined, key)
    t.equal(reader.hasFrom(), false)
  }
})

t.test('keys: 64 of them, 128 bytes each', async (t) => {
  const keys = (count: number): string => Array.from({ length: count }, (_, index) => `"k${index}":${index}`).join(',')
  t.equal(read(`{"MsgType":"T",${keys(63)}}`), undefined)
  t.match(read(`{"MsgType":"T",${keys(64)}}`), /64 keys/)
  t.match(read(`{${keys(64)},"MsgType":"T"}`), /64 keys/)
  t.equal(read(`{"MsgType":"T","${'k'.repeat(128)}":1}`), undefined)
  t.match(read(`{"MsgType":"T","${'k'.repeat(129)}":1}`), /128 bytes/)
  t.equal(read(`{"MsgType":"T","${'中'.repeat(42)}kk":1}`), undefined)
  t.match(read(`{"MsgType":"T","${'中'.repeat(43)}":1}`), /128 bytes/)
})

t.test('fields that are not known: 16 levels, any value', async (t) => {
  const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels)
  for (const key of ['x', 'Sign']) {
    t.equal(read(`{"MsgType":"T","${key}":${nested(16)}}`), undefined)
    t.ok(read(`{"MsgType":"T","${key}":${nested(17)}}`))
    t.ok(read(`{"MsgType":"T","${key}":${nested(100_000)}}`))
    t.ok(read(`{"MsgType":"T","${key}":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}`))
  }
})

t.test('lengths of MsgType, CallbackID and ClientMsgId: at the limit and one over', async (t) => {
  for (const [field, bytesMax] of [
    ['MsgType', 64],
    ['CallbackID', 128],
    ['ClientMsgId', 128],
  ] as const) {
    const body = (value: string): string => `{${field === 'MsgType' ? '' : '"MsgType":"T",'}"${field}":"${value}"}`
    t.equal(read(body('x'.repeat(bytesMax))), undefined, field)
    t.match(read(body('x'.repeat(bytesMax + 1))), new RegExp(`${field} is longer than ${bytesMax} bytes`))
    t.match(read(body(`${'x'.repeat(bytesMax - 2)}中`)), new RegExp(`${field} is longer`), 'bytes are counted')
  }
})

t.test('a CallbackID or ClientMsgId with half a character can not come back as it was, and is refused', async (t) => {
  for (const field of ['CallbackID', 'ClientMsgId']) {
    t.match(read(`{"MsgType":"T","${field}":"a\\ud83d"}`), new RegExp(field))
    t.match(read(`{"MsgType":"T","${field}":"\\ude00\\ud83d"}`), new RegExp(field))
    t.equal(read(`{"MsgType":"T","${field}":"\\ud83d\\ude00"}`), undefined)
  }
})

t.test('ToUserId is a UserId: 64 code points, NFC, no control, format or white-space characters', async (t) => {
  const body = (name: string): string => JSON.stringify({ MsgType: 'T', ToUserId: name })
  for (const name of ['a'.repeat(64), '😀'.repeat(64), '__proto__', 'é', '\\', '"', '/', 'a\\u0061']) {
    t.equal(read(body(name)), undefined, name)
    t.equal(reader.to(), name)
  }
  const bad = [
    'a'.repeat(65),
    '😀'.repeat(65),
    'a b',
    'a\u0000',
    'a\u007f',
    'a\u200d',
    'e\u0301',
    'a\u00a0',
    '\u3000',
    'a\ufeff',
    'a\ud800',
    '\ue000',
  ]
  for (const name of bad) t.match(read(body(name)), /ToUserId is no UserId/, JSON.stringify(name))
  t.equal(read('{"MsgType":"T","ToUserId":""}'), undefined)
  t.equal(reader.isToServer(), true)
  t.match(read('{"MsgType":"T","ToUserId":"\\u0000"}'), /ToUserId/)
})

t.test('null counts as absent', async (t) => {
  const nulls = envelopeFields.filter((field) => field !== 'MsgType').map((field) => `"${field}":null`)
  t.equal(read(`{${nulls.join(',')},"MsgType":"T"}`), undefined)
  t.strictSame(found(), {
    ToUserId: '',
    FromUserId: undefined,
    MsgType: 'T',
    Content: undefined,
    CallbackID: undefined,
    ClientMsgId: undefined,
  })
  t.equal(reader.serverField(), undefined)
  t.match(read('{"MsgType":null}'), /MsgType is missing/)
})

t.test('values of the wrong type name their field', async (t) => {
  const wrong: Readonly<Record<string, readonly string[]>> = {
    ToUserId: ['1', '{}', '[]', 'true', 'nul', '"'],
    FromUserId: ['1', '{}', 'false', '["alice"]', '{"a":"alice"}'],
    Content: ['{}', '{"Message":"x"}', '1'],
    CallbackID: ['1', '{}'],
    CreateTime: ['"1"', '1.5', '1e3', '-1', '-0', '01', '1234567890123456', '+1', 'true', '{}'],
    Seq: ['"1"', '1.0'],
    Volatile: ['1', '"true"', 'tru', 'trux'],
  }
  for (const [field, values] of Object.entries(wrong)) {
    for (const value of values) {
      const problem = read(`{"MsgType":"T","${field}":${value}}`)
      if (problem === undefined) t.fail(`${field}: ${value}`)
      else if (!problem.includes(field) && !problem.includes('well-formed')) t.fail(`${field}: ${value}: ${problem}`)
    }
  }
  t.equal(read('{"MsgType":"T","CreateTime":123456789012345}'), undefined)
  t.equal(read('{"MsgType":"T","CreateTime":0}'), undefined)
})

t.test('what is no envelope at all', async (t) => {
  for (const body of [
    '',
    ' ',
    'x',
    '[]',
    '[{}]',
    '"a"',
    'null',
    '1',
    '{',
    '}',
    '{}',
    '{ }',
    '{"MsgType":""}',
    '{"MsgType":"T"}x',
    '{"MsgType":"T"}{}',
    '\ufeff{"MsgType":"T"}',
  ]) {
    if (read(body) === undefined) t.fail(JSON.stringify(body))
  }
})

t.test('the sender is written where the client left it out, and nothing else changes', async () => {
  const nameless = members.map((chosen) => chosen.filter(([key, value]) => key !== 'FromUserId' || value === null))
  fc.assert(
    fc.property(nameless.chain(looseMembers), names, (body, user) => {
      if (read(body) !== undefined) return
      const before = membersOf(body) ?? []
      const after = spliced(body, user)
      // One member could be over the limit on keys now: that is the receiver's to allow.
      if (before.length < 64 && read(after) !== undefined) throw new Error('refused after')
      const others = (membersOf(after) ?? []).filter(({ key }) => key !== 'FromUserId')
      const same = JSON.stringify(others) === JSON.stringify(before.filter(({ key }) => key !== 'FromUserId'))
      if (!same) throw new Error(`changed to ${after}`)
      if ((JSON.parse(after) as { FromUserId: string }).FromUserId !== user) throw new Error('another sender')
      if (reader.from() !== user) throw new Error('the reader sees another sender')
    }),
    { numRuns: 3000 },
  )
})

t.test('the place of the sender: first, or instead of null', async (t) => {
  t.equal(spliced('{"MsgType":"T"}', 'a'), '{"FromUserId":"a","MsgType":"T"}')
  t.equal(spliced(' { "MsgType":"T"}', 'a"b'), ' {"FromUserId":"a\\"b", "MsgType":"T"}')
  t.equal(spliced('{"MsgType":"T","FromUserId": null }', '李雷'), '{"MsgType":"T","FromUserId": "李雷" }')
  t.equal(spliced('{"FromUserId":null,"MsgType":"T"}', '__proto__'), '{"FromUserId":"__proto__","MsgType":"T"}')
})

// Content

/** Whether the content is an object with nothing but a string `Message`. */
function isTextContent(content: string | undefined): boolean {
  if (content === undefined) return false
  try {
    const value = JSON.parse(content) as unknown
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
    return Object.keys(value).join() === 'Message' && typeof (value as { Message: unknown }).Message === 'string'
  } catch {
    return false
  }
}

const message = fc.oneof(
  text,
  fc
    .array(fc.constantFrom('"', '\\', '\n', '\u0000', '😀', '\ud800', '\u007f', 'é', '/', '}', '{"Message":"x"}'), {
      maxLength: 6,
    })
    .map((parts) => parts.join('')),
)

t.test('a text as every JSON writer spells it needs no parsing', async () => {
  fc.assert(
    fc.property(message, fc.boolean(), (said, hasSpace) => {
      const content = `{"Message":${hasSpace ? ' ' : ''}${JSON.stringify(said)}}`
      return read(JSON.stringify({ MsgType: 'T', Content: content })) === undefined && reader.contentIsPlainMessage()
    }),
    { numRuns: 3000 },
  )
})

t.test('a content that passes for a text is one', async (t) => {
  const inner = fc.oneof(
    message.chain(looseString).map((said) => `{"Message":${said}}`),
    message.chain(looseString).map((said) => `{"Message": ${said}}`),
    message.map((said) => `{"Message":${JSON.stringify(said)},"x":1}`),
  )
  const content = fc.oneof(inner, inner.chain(mutated))
  const outer = fc.oneof(
    content.map((chosen) => JSON.stringify(chosen)),
    content.chain(looseString),
    content.map((chosen) => JSON.stringify(chosen)).chain(mutated),
  )
  let plain = 0
  fc.assert(
    fc.property(outer, (spelled) => {
      if (read(`{"MsgType":"T","Content":${spelled}}`) !== undefined || !reader.contentIsPlainMessage()) return true
      plain++
      return isTextContent(reader.content())
    }),
    { numRuns: 8000 },
  )
  t.ok(plain > 800, `${plain} passed for a text`)
})

t.test('contents that are nearly a text', async (t) => {
  const no = [
    ...[
      '{\\"Message\\":\\"x\\"} ',
      ' {\\"Message\\":\\"x\\"}',
      '{\\"Message\\":\\"x\\"}}',
      '{\\"Message\\":\\"x\\"',
      '{\\"Message\\":\\"x}',
    ],
    ...[
      '{\\"Message\\":1}',
      '{\\"Message\\":\\"x\\",\\"Message\\":\\"y\\"}',
      '{\\"message\\":\\"x\\"}',
      '{\\"Message\\":\\"\\n\\"}',
      '',
    ],
    ...[
      '{\\"Message\\":\\"\\\\x\\"}',
      '{\\"Message\\":\\"\\\\u12\\"}',
      '{\\"Message\\":\\"\\\\u12g4\\"}',
      '{\\"Message\\":\\"\\\\\\"}',
    ],
    ...[
      '{\\"Message\\":\\"\\u0022}',
      '{\\"Message\\":\\"\\u0000\\"}',
      '{\\"Message\\":',
      '{\\"Message\\":\\"',
      '{\\"Message\\":\\"\\\\\\n\\"}',
    ],
  ]
  for (const content of no) {
    t.equal(read(`{"MsgType":"T","Content":"${content}"}`), undefined, content)
    t.equal(reader.contentIsPlainMessage(), false)
  }
  t.equal(read('{"MsgType":"T"}'), undefined)
  t.equal(reader.contentIsPlainMessage(), false, 'no content at all')
})

t.test('what a signature covers is found as it stands, and null is no Sign', async (t) => {
  t.equal(read('{"MsgType":"T"}'), undefined)
  t.same(
    [reader.hasSign(), reader.sign(), reader.createTime(), reader.contentJson()],
    [false, undefined, undefined, undefined],
  )
  t.equal(read('{"Sign": {"a":[1, 2]} ,"CreateTime":1700000000,"Content":"a\\nb","MsgType":"T"}'), undefined)
  t.ok(reader.hasSign())
  t.equal(reader.sign(), '{"a":[1, 2]}')
  t.equal(reader.createTime(), 1_700_000_000)
  t.equal(reader.contentJson()?.toString(), '"a\\nb"')
  t.equal(read('{"Sign":null,"CreateTime":null,"MsgType":"T"}'), undefined)
  t.same([reader.hasSign(), reader.createTime()], [false, undefined])
  for (const bad of ['{"Sign":{,"MsgType":"T"}', '{"Sign":,"MsgType":"T"}']) t.match(read(bad), /Sign is malformed/)
})

t.test('a signed text has no shape: its signature would be taken for one of another text', async (t) => {
  const text = '{"ToUserId":"bob","MsgType":"TextMsgRequest","Content":"{\\"Message\\":\\"hi\\"}"'
  for (const [rest, hasShape] of [
    ['}', true],
    [',"Sign":null}', true],
    [',"Sign":1}', false],
  ] as const) {
    const body = Buffer.from(text + rest)
    t.equal(reader.read(body, 0, body.length), undefined)
    t.ok(reader.contentIsPlainMessage())
    t.equal(reader.shape(0, body.length) !== undefined, hasShape, rest)
  }
})
