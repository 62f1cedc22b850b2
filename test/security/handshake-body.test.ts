import t from 'tap'
import {
  handshakeBodyBytesMax,
  readHandshakeBody,
  terminalType,
  writeHandshakeBody,
  writeTerminalBody,
} from '../../src/security/handshake-body.ts'

const members = { Suite: 1, Key: { kty: 'RSA' }, Nonce: 'AA' }

function read(text: string): unknown {
  return readHandshakeBody(Buffer.from(text), terminalType)
}

t.test('a body reads back as it was written', async (t) => {
  const text = writeHandshakeBody(terminalType, 5, members)
  t.equal(
    text,
    '{"MsgType":"TerminalKeyMessage","CreateTime":5,"Content":"{\\"Suite\\":1,\\"Key\\":{\\"kty\\":\\"RSA\\"},\\"Nonce\\":\\"AA\\"}"}',
  )
  t.strictSame(read(text), members)
  t.strictSame(writeTerminalBody(5, members).toString(), text)
  t.equal(readHandshakeBody(Buffer.from(text), 'PlatformFinish'), undefined)
})

t.test('a CallbackID outside ASCII is escaped', async (t) => {
  const text = writeHandshakeBody(terminalType, 5, members, '李😀\x7f"')
  t.match(text, /"CallbackID":"\\u674e\\ud83d\\ude00\\u007f\\"","Content"/)
  t.strictSame(read(text), members)
})

t.test('members that a reader does not know are passed over', async (t) => {
  t.strictSame(read('{"New":[1],"MsgType":"TerminalKeyMessage","Content":"{\\"New\\":{\\"a\\":null}}"}'), {
    New: { a: null },
  })
})

t.test('a body has one exact form', async (t) => {
  const bad = [
    '',
    '{}',
    'null',
    '[]',
    '{"MsgType":"TerminalKeyMessage"}',
    '{"MsgType":"TerminalKeyMessage","Content":{}}',
    '{"MsgType":"TerminalKeyMessage","Content":"[]"}',
    '{"MsgType":"TerminalKeyMessage","Content":"null"}',
    '{"MsgType":"TerminalKeyMessage","Content":""}',
    '{"MsgType":"TerminalKeyMessage","Content":"{}"',
    '{"MsgType":"TerminalKeyMessage","Content":"{}"} ',
    ' {"MsgType":"TerminalKeyMessage","Content":"{}"}',
    '{"MsgType": "TerminalKeyMessage","Content":"{}"}',
    '{"MsgType":"TerminalKeyMessage","Content":"{ }"}',
    '{"MsgType":"TerminalKeyMessage","Content":"{}\\n"}',
    '{"Content":"{}","MsgType":"TerminalKeyMessage"}',
    '{"MsgType":"TerminalKeyMessage","MsgType":"TerminalKeyMessage","Content":"{}"}',
    '{"MsgType":"TerminalKeyMessage","Content":"{}","Content":"{}"}',
    '{"MsgType":"TerminalKeyMessage","Content":"{\\"Suite\\":1,\\"Suite\\":1}"}',
    '{"MsgType":"TerminalKeyMessage","Content":"{\\u0022Suite\\u0022:1}"}',
    '{"MsgType":"\\u0054erminalKeyMessage","Content":"{}"}',
    '{"MsgType":"TerminalKeyMessage","Content":"{\\"Suite\\":1.0}"}',
    '{"MsgType":"TerminalKeyMessage","Content":"{\\"Suite\\":1e0}"}',
    '{"MsgType":"TerminalKeyMessage","Content":"{\\"\\\\u0041\\":1}"}',
    '{"MsgType":"TerminalKeyMessage","A":"é","Content":"{}"}',
    '{"MsgType":"TerminalKeyMessage","A":"\x7f","Content":"{}"}',
    '{"MsgType":"TerminalKeyMessage","A":"\\/","Content":"{}"}',
  ]
  for (const text of bad) t.equal(read(text), undefined, text)
})

t.test('depth, members and length have limits', async (t) => {
  const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`
  const wrap = (value: string): string => `{"MsgType":"TerminalKeyMessage","Content":"{\\"A\\":${value}}"}`
  t.ok(read(wrap(nested(4))))
  t.equal(read(wrap(nested(5))), undefined)
  const many = Array.from({ length: 64 }, (_, index) => `\\"k${index}\\":1`).join(',')
  t.equal(read(wrap(`{${many}}`)), undefined)
  t.ok(read(wrap(`\\"${'x'.repeat(handshakeBodyBytesMax - wrap('\\"\\"').length)}\\"`)))
  t.equal(read(wrap(`\\"${'x'.repeat(handshakeBodyBytesMax - wrap('\\"\\"').length + 1)}\\"`)), undefined)
})

t.test('__proto__ is an ordinary member', async (t) => {
  const found = readHandshakeBody(
    Buffer.from('{"MsgType":"TerminalKeyMessage","Content":"{\\"__proto__\\":{\\"Ticket\\":1}}"}'),
    terminalType,
  )
  t.ok(found)
  t.notOk(found !== undefined && 'Ticket' in found)
})
