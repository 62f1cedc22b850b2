/** Limits on JSON from strangers, checked in one pass without recursion before anything else reads it. */

/** How large a JSON text may be in the ways that bytes alone do not bound. */
export interface JsonLimits {
  /** Levels of nested objects and arrays. */
  readonly depthMax: number
  /** Object members in the whole text. */
  readonly keysMax: number
}

/** Any JSON value. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/**
 * Parses JSON text within the limits.
 *
 * @returns the value, or a sentence that says what is wrong. Never throws.
 */
export function parseJson(text: string, limits: JsonLimits): { value: Json } | { problem: string } {
  const problem = structureProblem(text, limits)
  if (problem !== undefined) return { problem }
  try {
    return { value: JSON.parse(text) }
  } catch {
    return { problem: 'is not valid JSON' }
  }
}

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** Counts levels and members outside strings; whether the text is JSON at all is left to the parser. */
function structureProblem(text: string, limits: JsonLimits): string | undefined {
  let depth = 0
  let keys = 0
  for (let index = 0; index < text.length; index++) {
    switch (text.charCodeAt(index)) {
      case QUOTE:
        index = stringEnd(text, index + 1)
        break
      case 0x7b: // {
      case 0x5b: // [
        if (++depth > limits.depthMax) return `is nested deeper than ${limits.depthMax} levels`
        break
      case 0x7d: // }
      case 0x5d: // ]
        depth--
        break
      case 0x3a: // :
        if (++keys > limits.keysMax) return `has more than ${limits.keysMax} keys`
        break
    }
  }
  return undefined
}

/** The index of the quote that ends a string, or the end of the text. */
function stringEnd(text: string, start: number): number {
  for (let index = start; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit === BACKSLASH) index++
    else if (unit === QUOTE) return index
  }
  return text.length
}
