/** Messages of the past as lines for people. What strangers wrote in them does no harm to a terminal. */
import { neutraliseLine, neutraliseLines } from './chat/neutralise.ts'

/** A message of the past, as far as it is shown. */
export interface PastLine {
  /** Empty: the server. */
  readonly from: string
  /** Unix seconds; undefined where it is not known. */
  readonly time: number | undefined
  readonly type: string
  /** The entity, or undefined where it can't be read. */
  readonly content: unknown
}

/** The lines of one message; further lines of a text are marked, so that none can pass for another message. */
export function pastLines({ from, time, type, content }: PastLine): string[] {
  const text = textIn(content)
  const [first = '', ...rest] = neutraliseLines(text ?? JSON.stringify(content) ?? '')
  const name = from === '' ? 'server' : neutraliseLine(from)
  const kind = text === undefined ? ` (${neutraliseLine(type)})` : ''
  return [`${timeText(time)} ${name}${kind}: ${first}`, ...rest.map((line) => `                 │ ${line}`)]
}

function textIn(content: unknown): string | undefined {
  const isText = typeof content === 'object' && content !== null && 'Message' in content
  return isText && typeof content.Message === 'string' ? content.Message : undefined
}

/** In the time of this place: `2026-11-22 04:05`. */
function timeText(time: number | undefined): string {
  if (time === undefined || !Number.isFinite(time)) return '                '
  const date = new Date((time - new Date(time * 1000).getTimezoneOffset() * 60) * 1000)
  return Number.isNaN(date.getTime()) ? '                ' : date.toISOString().slice(0, 16).replace('T', ' ')
}
