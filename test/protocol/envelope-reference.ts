/** The rules of the envelope a second time, slow and plain, on top of `JSON.parse`: what the reader is compared with. */
import { type EnvelopeField, envelopeFields } from '../../src/protocol/envelope.ts'
import { userIdFault } from '../../src/protocol/user-id.ts'

/** One member of the outermost object, as it is written. */
interface Member {
  /** The text between the key's quotes. */
  readonly rawKey: string
  readonly key: string
  /** The value as it is written, without the white space around it. */
  readonly rawValue: string
  readonly value: unknown
}

const stringFields = ['ToUserId', 'FromUserId', 'MsgType', 'Content', 'CallbackID', 'ClientMsgId', 'MsgId', 'Epoch']
const integerFields = ['CreateTime', 'Seq', 'ServerTime']

/** What a reader must find: the envelope as `JSON.parse` has it, or undefined when it must refuse. */
export function referenceEnvelope(text: string): Record<string, unknown> | undefined {
  const members = membersOf(text)
  if (members === undefined || members.length > 64) return undefined
  const keys = new Set<string>()
  for (const { rawKey, key, rawValue, value } of members) {
    if (keys.has(key)) return undefined
    keys.add(key)
    if (!isEnvelopeField(rawKey)) {
      if (Buffer.byteLength(rawKey) > 128 || envelopeFields.some((field) => couldBeTaken(key, field))) return undefined
      if (levels(value) > 16) return undefined
    } else if (value !== null && !valueFits(rawKey, rawValue, value)) {
      return undefined
    }
  }
  const envelope = JSON.parse(text) as Record<string, unknown>
  return typeof envelope['MsgType'] === 'string' && envelope['MsgType'] !== '' ? envelope : undefined
}

function valueFits(field: EnvelopeField, rawValue: string, value: unknown): boolean {
  if (field === 'Sign') return levels(value) <= 16
  if (field === 'Volatile') return typeof value === 'boolean'
  if (integerFields.includes(field)) {
    if (!/^-?(0|[1-9][0-9]*)$/.test(rawValue)) return false
    return field !== 'CreateTime' || /^[0-9]{1,15}$/.test(rawValue)
  }
  if (!stringFields.includes(field) || typeof value !== 'string') return false
  const rawBytes = Buffer.byteLength(rawValue) - 2
  if (field === 'MsgType') return rawBytes <= 64
  if (field === 'CallbackID' || field === 'ClientMsgId') return rawBytes <= 128 && !/\p{Cs}/u.test(value)
  return field !== 'ToUserId' || value === '' || userIdFault(value) === undefined
}

/** Whether some parser that ignores case could take a key for a field. */
function couldBeTaken(key: string, field: string): boolean {
  const spellings = [key, key.replaceAll('\u0130', 'i').replaceAll('\u0131', 'i')]
  return spellings.some(
    (spelling) =>
      new RegExp(`^${field}$`, 'iu').test(spelling) ||
      spelling.toLowerCase() === field.toLowerCase() ||
      spelling.toUpperCase() === field.toUpperCase(),
  )
}

function isEnvelopeField(name: string): name is EnvelopeField {
  return (envelopeFields as readonly string[]).includes(name)
}

/** Levels of objects and arrays. */
export function levels(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  let deepest = 0
  for (const inner of Object.values(value)) deepest = Math.max(deepest, levels(inner))
  return deepest + 1
}

/** The members of the outermost object in their order, also those that stand twice; undefined when the text is no JSON object. */
export function membersOf(text: string): Member[] | undefined {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return undefined
  const members: Member[] = []
  let depth = 0
  let rawKey: string | undefined
  let valueStart = -1
  // The text is known to be JSON: its tokens are enough.
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+/g)) {
    if (token === '{' || token === '[') depth++
    else if (token === '}' || token === ']') depth--
    if ((depth === 1 && token === ',') || depth === 0) {
      if (rawKey !== undefined) {
        const rawValue = text.slice(valueStart, index).trim()
        members.push({ rawKey, key: JSON.parse(`"${rawKey}"`), rawValue, value: JSON.parse(rawValue) })
      }
      rawKey = undefined
    } else if (depth === 1 && rawKey === undefined && token.startsWith('"')) {
      rawKey = token.slice(1, -1)
      valueStart = -1
    } else if (depth === 1 && token === ':' && valueStart === -1) {
      valueStart = index + 1
    }
  }
  return members
}
