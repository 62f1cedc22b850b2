/** The scanner against `JSON.parse`: it accepts exactly what that accepts, within its depth. */
import fc from 'fast-check'
import t from 'tap'
import { plainRunEnd, skipInteger, skipSpace, skipString, skipValue } from '../../src/protocol/json-scanner.ts'
import { looseJson, mutated } from './json-text.ts'

const depthMax = 31

/** Whether the bytes are one JSON value with white space around it, for the scanner. */
function scannerAccepts(text: string, depth = depthMax): boolean {
  // Bytes beyond the end that would go on with the text must not matter.
  const body = Buffer.from(text, 'utf8')
  for (const beyond of ['', '0', '"', '}', ']', ' ', 'e1']) {
    const bytes = Buffer.from(text + beyond, 'utf8')
    const at = skipValue(bytes, 0, body.length, depth)
    const isWhole = at !== -1 && skipSpace(bytes, at, body.length) === body.length
    if (beyond !== '' && isWhole !== scannerAcceptsExactly(body, depth))
      throw new Error(`${text} with ${beyond} beyond`)
  }
  return scannerAcceptsExactly(body, depth)
}

function scannerAcceptsExactly(body: Buffer, depth: number): boolean {
  const at = skipValue(body, 0, body.length, depth)
  return at !== -1 && skipSpace(body, at, body.length) === body.length
}

function parserAccepts(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function levels(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  return 1 + Math.max(0, ...Object.values(value).map(levels))
}

const accepted = [
  ...['0', '-0', '1', '10', '0.0', '-0.5e+10', '1E5', '1e-05', '123456789012345678901234567890', '1e999'],
  ...[
    'true',
    'false',
    'null',
    '""',
    '"a"',
    '" "',
    '"\u007f\u2028\u2029"',
    '"\\u0000"',
    '"\\uD800"',
    '"\\"\\\\\\/\\b\\f\\n\\r\\t"',
  ],
  ...['[]', '{}', '[[]]', '[{}]', '{"":{}}', '[ ]', '{ }', ' [ 1 , 2 ] ', '\t{\r"a"\n:\t1 , "b" : [ ] }\n'],
]

const refused = [
  ...[
    '',
    ' ',
    '-',
    '+1',
    '01',
    '-01',
    '1.',
    '.5',
    '1.e5',
    '1e',
    '1e+',
    '1e1.5',
    '0x10',
    'NaN',
    'Infinity',
    '--1',
    '1 2',
  ],
  ...[
    'tru',
    'True',
    'nul',
    'nullx',
    'undefined',
    "'a'",
    '"',
    '"a',
    '"\\"',
    '"\\',
    '"\\x41"',
    '"\\u12"',
    '"\\u12g4"',
    '"\\u"',
  ],
  ...[
    '"\n"',
    '"\t"',
    '"\u0000"',
    '[',
    ']',
    '[1',
    '[1,',
    '[1,]',
    '[,1]',
    '[1 2]',
    '[1}',
    '{',
    '}',
    '{"a"',
    '{"a":',
    '{"a":1',
  ],
  ...[
    '{"a":1,',
    '{"a":1,}',
    '{a:1}',
    '{"a" 1}',
    '{1:1}',
    '{"a":1]',
    '{,}',
    '{"a":}',
    '[]]',
    '{}}',
    '//',
    '/**/1',
    '\ufeff1',
    '\u00a01',
  ],
]

t.test('accepts what is JSON', async (t) => {
  t.strictSame(
    accepted.filter((text) => !parserAccepts(text)),
    [],
  )
  t.strictSame(
    accepted.filter((text) => !scannerAccepts(text)),
    [],
  )
})

t.test('refuses what is not', async (t) => {
  t.strictSame(refused.filter(parserAccepts), [])
  t.strictSame(
    refused.filter((text) => scannerAccepts(text)),
    [],
  )
})

t.test('every single byte alone, and in a string, is judged as by the parser', async (t) => {
  for (let code = 0; code < 128; code++) {
    for (const text of [
      String.fromCharCode(code),
      `"${String.fromCharCode(code)}"`,
      `"\\${String.fromCharCode(code)}"`,
      `[1${String.fromCharCode(code)}]`,
    ]) {
      if (scannerAccepts(text) !== parserAccepts(text)) t.fail(JSON.stringify(text))
    }
  }
})

t.test('every prefix of a text is judged as by the parser', async (t) => {
  const text = ' { "a\\u00e9" : [ 1.5e-3 , true , null , { } ] , "" : "x\\n" } '
  for (let end = 0; end <= text.length; end++)
    t.equal(scannerAccepts(text.slice(0, end)), parserAccepts(text.slice(0, end)))
})

t.test('random JSON in any spelling is accepted, within the depth', async () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }).chain(looseJson), (text) => {
      const depth = levels(JSON.parse(text))
      return scannerAccepts(text) && scannerAccepts(text, depth) && (depth === 0 || !scannerAccepts(text, depth - 1))
    }),
    { numRuns: 2000 },
  )
})

t.test('random damage to JSON is judged as by the parser', async () => {
  fc.assert(
    fc.property(
      fc.jsonValue({ maxDepth: 3 }).chain(looseJson).chain(mutated),
      (text) => scannerAccepts(text) === parserAccepts(text),
    ),
    { numRuns: 10_000 },
  )
})

t.test('random characters of JSON are judged as by the parser', async () => {
  const piece = fc.constantFrom(...'{}[]:,"\\ue0123.-+E \n', 'true', 'null', '"a"', '\\u0041', '"k":')
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
      (text) => scannerAccepts(text) === parserAccepts(text),
    ),
    { numRuns: 20_000 },
  )
})

t.test('levels are counted at the limit and one over, empty ones too', async (t) => {
  t.ok(scannerAccepts('[[1]]', 2))
  t.notOk(scannerAccepts('[[1]]', 1))
  t.ok(scannerAccepts('[[]]', 2))
  t.notOk(scannerAccepts('[[]]', 1))
  t.ok(scannerAccepts('[1]', 1))
  t.notOk(scannerAccepts('[]', 0))
  t.notOk(scannerAccepts('{}', 0))
  t.ok(scannerAccepts('"a"', 0))
  t.ok(scannerAccepts('[{"a":[1,{"b":2}]},[[3]]]', 4), 'a level that was closed is free again')
  t.ok(scannerAccepts(`${'['.repeat(31)}${']'.repeat(31)}`))
  t.notOk(scannerAccepts(`${'['.repeat(32)}${']'.repeat(32)}`))
  t.notOk(scannerAccepts(`${'['.repeat(31)}}${']'.repeat(30)}`), 'which of the levels is which is not forgotten')
})

t.test('depth costs no stack', async (t) => {
  t.equal(skipValue(Buffer.alloc(2 ** 20, '['), 0, 2 ** 20, 31), -1)
})

t.test('a run of plain characters ends at quote, backslash, control character or the end', async (t) => {
  // Long enough, and at all offsets, so that reading several bytes at a time shows its edges.
  for (let length = 0; length < 40; length++) {
    for (let from = 0; from < 9; from++) {
      for (const [ender, ends] of [
        [0x22, true],
        [0x5c, true],
        [0x00, true],
        [0x1f, true],
        [0x20, false],
        [0x21, false],
        [0x23, false],
        [0x5b, false],
        [0x5d, false],
        [0x7f, false],
        [0x80, false],
        [0x9f, false],
        [0xa2, false],
        [0xdc, false],
        [0xff, false],
      ] as const) {
        const bytes = Buffer.alloc(from + length + 20, 0x22)
        bytes.fill(0x61, from, from + length + 1)
        bytes[from + length] = ender
        const end = from + length + 1
        const expected = ends ? from + length : end
        if (plainRunEnd(bytes, from, end) !== expected) t.fail(`0x${ender.toString(16)} at ${from} + ${length}`)
        if (plainRunEnd(bytes, from, from + length) !== from + length) t.fail(`end at ${from} + ${length}`)
      }
    }
  }
})

t.test('every byte value, after every other, ends a run or does not', async (t) => {
  const ends = (byte: number): boolean => byte < 0x20 || byte === 0x22 || byte === 0x5c
  const bytes = Buffer.alloc(32, 0x61)
  for (let first = 0; first < 256; first++) {
    for (let second = 0; second < 256; second++) {
      bytes[9] = first
      bytes[10] = second
      const expected = ends(first) ? 9 : ends(second) ? 10 : 32
      if (plainRunEnd(bytes, 0, 32) !== expected) t.fail(`0x${first.toString(16)} 0x${second.toString(16)}`)
    }
  }
})

t.test('strings and integers say where they end', async (t) => {
  t.equal(skipString(Buffer.from('"a\\"b"c'), 0, 7), 6)
  t.equal(skipInteger(Buffer.from('-120,'), 0, 5), 4)
  t.equal(skipInteger(Buffer.from('1.5'), 0, 3), 1, 'a fraction is not part of an integer')
  t.equal(skipInteger(Buffer.from('012'), 0, 3), -1)
  t.equal(skipInteger(Buffer.from('12'), 0, 1), 1, 'nothing beyond the end is read')
})
