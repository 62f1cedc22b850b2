import t from 'tap'
import { neutraliseLine, neutraliseLines } from '../../../src/cli/chat/neutralise.ts'

t.test('no character that a terminal obeys is left', async (t) => {
  for (let code = 0; code <= 0xffff; code++) {
    const character = String.fromCharCode(code)
    const safe = neutraliseLine(character)
    if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(safe)) t.fail(`U+${code.toString(16)} came through`)
  }
  t.equal(neutraliseLine('\x1b[2J\x1b]0;title\x07\x9b31m\x7f'), '␛[2J␛]0;title␇\\u{9b}31m␡')
  t.equal(neutraliseLine('a\r\nb\tc'), 'a␍␊b␉c')
})

t.test('characters that turn the direction of reading, or are not seen, are shown', async (t) => {
  t.equal(neutraliseLine('\u202eevil\u2066\u200b\ufeff'), '\\u{202e}evil\\u{2066}\\u{200b}\\u{feff}')
  t.equal(neutraliseLine('\ud800'), '\\u{d800}')
})

t.test('text of all scripts and emoji come through', async (t) => {
  for (const text of ['héllo', '你好', 'नमस्ते', '👩‍💻 👍🏽', 'שלום', 'می‌خواهم']) t.equal(neutraliseLine(text), text)
})

t.test('lines are parted at line feeds only', async (t) => {
  t.same(neutraliseLines('a\nb\r\nc\rd\u2028e\tf'), ['a', 'b', 'c␍d\\u{2028}e    f'])
})

t.test('a very long text is cut, and says so', async (t) => {
  t.equal(neutraliseLine('x'.repeat(4000)).length, 4000)
  t.match(neutraliseLine('x'.repeat(4001)), /… \(1 characters more\)$/)
})
