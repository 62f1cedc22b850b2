/**
 * The `CallbackID` of a body that was refused, so that its sender is not left waiting for an answer.
 * Runs on: the acceptor thread.
 */
import { parseJson } from '../protocol/json.ts'
import { skipSpace, skipString, skipValue } from '../protocol/json-scanner.ts'
import type { FrameBytes } from './run-builder.ts'

/** Larger bodies are not searched. */
const rescueBytesMax = 65_536
const rescueLimits = { depthMax: 8, keysMax: 64 }
const callbackIdCharsMax = 128

/** The `CallbackID`, if it can be told without doubt: the body is one JSON object, in which it stands once. */
export function rescuedCallbackId({ bytes, start, end }: FrameBytes): string | undefined {
  if (end - start > rescueBytesMax) return undefined
  const parsed = parseJson(bytes.toString('utf8', start, end), rescueLimits)
  if ('problem' in parsed) return undefined
  const { value } = parsed
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined
  const id: unknown = Object.getOwnPropertyDescriptor(value, 'CallbackID')?.value
  if (typeof id !== 'string' || id === '' || id.length > callbackIdCharsMax) return undefined
  return countOfKey(bytes, start, end, 'CallbackID') === 1 ? id : undefined
}

/** How often a key stands in an object that is known to be well-formed and of few levels; members within members do not count. */
function countOfKey(bytes: Buffer, start: number, end: number, wanted: string): number {
  let count = 0
  // Behind the brace or a comma.
  let at = skipSpace(bytes, start, end) + 1
  while (at < end) {
    const keyStart = skipSpace(bytes, at, end)
    const keyEnd = skipString(bytes, keyStart, end)
    if (JSON.parse(bytes.toString('utf8', keyStart, keyEnd)) === wanted) count++
    const colon = skipSpace(bytes, keyEnd, end)
    const valueEnd = skipValue(bytes, colon + 1, end, rescueLimits.depthMax)
    at = skipSpace(bytes, valueEnd, end) + 1
    if (at === 0 || bytes[at - 1] === CLOSE_BRACE) break
  }
  return count
}

const CLOSE_BRACE = 0x7d
