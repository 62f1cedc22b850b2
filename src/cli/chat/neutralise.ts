/**
 * Makes text from strangers safe to print. A terminal obeys control characters: they could clear the
 * screen, fake a line of somebody else's, set the title, or write to the clipboard.
 */

/** How much of one message is printed. */
const printedCharactersMax = 4000

// Control (Cc), surrogates alone (Cs), line and paragraph separators (Zl, Zp), and format characters (Cf), among
// which are those that reverse the reading direction. The joiners U+200C and U+200D belong to scripts and emoji.
const dangerous = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Cf}]/gu
const joiner = /[\u200c\u200d]/

/** One line: every character that a terminal would obey is replaced by a picture of it. */
export function neutraliseLine(text: string): string {
  return shorten(text).replace(dangerous, (character) => (joiner.test(character) ? character : pictureOf(character)))
}

/** Several lines: line feeds separate them, everything else as in `neutraliseLine`. */
export function neutraliseLines(text: string): string[] {
  return shorten(text)
    .split(/\r?\n/)
    .map((line) => neutraliseLine(line.replaceAll('\t', '    ')))
}

/** U+2400 and on are pictures of the control characters; the others are written as in JavaScript. */
function pictureOf(character: string): string {
  const code = character.codePointAt(0) ?? 0
  if (code < 0x20) return String.fromCodePoint(0x2400 + code)
  if (code === 0x7f) return '\u2421'
  return `\\u{${code.toString(16)}}`
}

function shorten(text: string): string {
  if (text.length <= printedCharactersMax) return text
  return `${text.slice(0, printedCharactersMax)}… (${text.length - printedCharactersMax} characters more)`
}
