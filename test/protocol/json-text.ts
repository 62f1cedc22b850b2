/** Arbitraries for JSON text: the same value spelled in many ways, and text damaged at random. */
import fc from 'fast-check'

/** Choices that a writer of JSON has, drawn from a list that is read round and round. */
class Choices {
  readonly #numbers: readonly number[]
  #next = 0

  constructor(numbers: readonly number[]) {
    this.#numbers = numbers
  }

  /** A number from 0 to `count` - 1. */
  below(count: number): number {
    return (this.#numbers[this.#next++ % this.#numbers.length] ?? 0) % count
  }
}

const spaces = ['', '', '', '', ' ', '\n', '\t', '\r', '  \r\n\t ']
const shortEscapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '/': '\\/',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
}

/** Spells a value as JSON text with random white space, escapes and forms of numbers. Parses to the same value. */
export function looseJson(value: unknown): fc.Arbitrary<string> {
  return choices().map((chosen) => spell(value, chosen))
}

/** Spells an object given as its members, in their order and as often as they come. */
export function looseMembers(members: readonly (readonly [string, unknown])[]): fc.Arbitrary<string> {
  return choices().map((chosen) => spellObject(members, chosen))
}

/** Spells a string as JSON text, quotes included. */
export function looseString(value: string): fc.Arbitrary<string> {
  return choices().map((chosen) => spellString(value, chosen))
}

function choices(): fc.Arbitrary<Choices> {
  return fc.array(fc.nat(10_000), { minLength: 1, maxLength: 50 }).map((numbers) => new Choices(numbers))
}

function spell(value: unknown, chosen: Choices): string {
  const before = spaces[chosen.below(spaces.length)] as string
  const after = spaces[chosen.below(spaces.length)] as string
  return before + spellValue(value, chosen) + after
}

function spellValue(value: unknown, chosen: Choices): string {
  if (typeof value === 'string') return spellString(value, chosen)
  if (typeof value === 'number') return spellNumber(value, chosen)
  if (Array.isArray(value)) {
    if (value.length === 0) return `[${spaces[chosen.below(spaces.length)]}]`
    return `[${value.map((item) => spell(item, chosen)).join(',')}]`
  }
  if (typeof value === 'object' && value !== null) return spellObject(Object.entries(value), chosen)
  return JSON.stringify(value)
}

function spellObject(members: readonly (readonly [string, unknown])[], chosen: Choices): string {
  if (members.length === 0) return `{${spaces[chosen.below(spaces.length)]}}`
  const spelled = members.map(([key, value]) => {
    const before = spaces[chosen.below(spaces.length)] as string
    const after = spaces[chosen.below(spaces.length)] as string
    return `${before}${spellString(key, chosen)}${after}:${spell(value, chosen)}`
  })
  return `{${spelled.join(',')}}`
}

function spellNumber(value: number, chosen: Choices): string {
  if (chosen.below(3) === 0) {
    const exponential = value.toExponential().replace('e', chosen.below(2) === 0 ? 'e' : 'E')
    if (Object.is(Number(exponential), value)) return exponential
  }
  return Object.is(value, -0) ? '-0' : JSON.stringify(value)
}

function spellString(value: string, chosen: Choices): string {
  // Most strings are spelled plainly, as most writers do.
  const isPlain = chosen.below(2) === 0
  let text = '"'
  for (const char of value) {
    const mustEscape = /[\u0000-\u001f"\\\p{Cs}]/u.test(char)
    const choice = isPlain ? 3 : chosen.below(6)
    if (!mustEscape && choice > 1) text += char
    else if (choice !== 0 && shortEscapes[char] !== undefined) text += shortEscapes[char]
    else for (let unit = 0; unit < char.length; unit++) text += unicodeEscape(char.charCodeAt(unit), chosen)
  }
  return `${text}"`
}

function unicodeEscape(unit: number, chosen: Choices): string {
  const digits = unit.toString(16).padStart(4, '0')
  return `\\u${chosen.below(2) === 0 ? digits : digits.toUpperCase()}`
}

const snippets = [
  ...[
    '"',
    '\\',
    '{',
    '}',
    '[',
    ']',
    ':',
    ',',
    ' ',
    '\n',
    '0',
    '-',
    '.',
    'e',
    '\\u0055',
    '\\"',
    '\\\\',
    'null',
    '"',
    '\u0000',
  ],
  ...[
    '"FromUserId":"eve",',
    '"fromuserid":"eve",',
    '"From\\u0055serId":"eve",',
    ',"FromUserId":"eve"',
    '\u017f',
    '\u212a',
  ],
]

/** Deletes, doubles, replaces and inserts pieces of a text. */
export function mutated(text: string): fc.Arbitrary<string> {
  const change = fc.record({
    at: fc.nat(),
    length: fc.nat(4),
    what: fc.constantFrom('delete', 'double', 'replace', 'insert', 'move'),
    piece: fc.oneof(fc.constantFrom(...snippets), fc.string({ unit: 'binary', maxLength: 2 })),
    to: fc.nat(),
  })
  return fc.array(change, { minLength: 1, maxLength: 3 }).map((changes) => {
    let result = text
    for (const { at, length, what, piece, to } of changes) {
      const start = at % (result.length + 1)
      const cut = result.slice(start, start + length)
      const without = result.slice(0, start) + result.slice(start + length)
      const target = to % (without.length + 1)
      if (what === 'delete') result = without
      else if (what === 'double') result = result.slice(0, start) + cut + result.slice(start)
      else if (what === 'replace') result = result.slice(0, start) + piece + result.slice(start + length)
      else if (what === 'insert') result = result.slice(0, start) + piece + result.slice(start)
      else result = without.slice(0, target) + cut + without.slice(target)
    }
    // A cut through a surrogate pair is no text.
    return Buffer.from(result, 'utf8').toString('utf8')
  })
}
