import t from 'tap'
import { userIdCodePointsMax, userIdFault } from '../../src/protocol/user-id.ts'

t.test('ordinary names of any script may be used', async (t) => {
  const names = [
    ...[
      'a',
      'alice',
      'Alice',
      'alice@example.org',
      'a.b-c_d',
      '__proto__',
      'constructor',
      '"',
      '\\',
      "'",
      '/',
      '<b>',
      '{}',
      '0',
    ],
    ...['李雷', 'Ægir', 'é', 'ñandú', 'Ελένη', 'عمر', 'शिव', '한글', '😀', '👍🏽', '𐐷', 'ſ', 'K'.normalize('NFC')],
  ]
  for (const name of names) t.equal(userIdFault(name), undefined, JSON.stringify(name))
})

t.test('1 to 64 code points', async (t) => {
  t.match(userIdFault(''), /empty/)
  t.equal(userIdCodePointsMax, 64)
  for (const char of ['a', '中', '😀']) {
    t.equal(userIdFault(char.repeat(64)), undefined, char)
    t.match(userIdFault(char.repeat(65)), /at most 64/, char)
  }
  t.match(userIdFault('a'.repeat(1_000_000)), /at most 64/)
})

t.test('no control, format, white-space, private-use, unassigned characters and no half ones', async (t) => {
  const forbidden = {
    control: ['\u0000', '\u0001', '\t', '\n', '\r', '\u001f', '\u007f', '\u0080', '\u0085', '\u009f'],
    format: [
      '\u00ad',
      '\u200b',
      '\u200c',
      '\u200d',
      '\u200e',
      '\u202a',
      '\u202e',
      '\u2060',
      '\u2066',
      '\ufeff',
      '\u{e0001}',
      '\u{e0061}',
    ],
    space: [' ', '\u00a0', '\u1680', '\u2000', '\u2028', '\u2029', '\u202f', '\u205f', '\u3000'],
    privateUse: ['\ue000', '\uf8ff', '\u{f0000}', '\u{10fffd}'],
    unassigned: ['\uffff', '\ufdd0', '\u{1ffff}', '\u{10ffff}'],
    surrogate: ['\ud800', '\udbff', '\udc00', '\udfff', '\ude00\ud83d'],
  }
  for (const [kind, chars] of Object.entries(forbidden)) {
    for (const char of chars) {
      for (const name of [char, `a${char}`, `${char}a`, `a${char}b`]) {
        t.match(userIdFault(name), /control, format or white-space/, `${kind} ${codePoints(name)}`)
      }
    }
  }
})

t.test('every ASCII character', async (t) => {
  for (let code = 0; code < 128; code++) {
    t.equal(userIdFault(String.fromCharCode(code)) === undefined, code > 0x20 && code < 0x7f, `0x${code.toString(16)}`)
  }
})

t.test('only normalization form C', async (t) => {
  for (const name of ['e\u0301', 'n\u0303', '\u1100\u1161', '\u212b', '\u2126', '\u212a', '\uf900']) {
    t.match(userIdFault(name), /NFC/, JSON.stringify(name))
    t.equal(userIdFault(name.normalize('NFC')), undefined)
  }
  t.equal(userIdFault('x\u0301'), undefined, 'a combining mark that has no composed form')
})

/** A name for a test: half characters and line separators would upset whoever reads its results. */
function codePoints(name: string): string {
  return Array.from(name, (char) => `U+${(char.codePointAt(0) ?? 0).toString(16)}`).join(' ')
}
