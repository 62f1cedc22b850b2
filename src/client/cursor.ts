/** Places in the numbering of what a user gets: the server's epoch and the number in it. Pure. */
import { isRecord } from './message.ts'

/** A place: everything up to this number. */
export interface Cursor {
  /** One life of the server's numbering, `e1`, `e2`, …; a later one follows an earlier one. */
  readonly epoch: string
  readonly seq: number
}

/**
 * Remembers a cursor from one start of the program to the next. With it, a program that died between showing a message
 * and acknowledging it is told what is missing by its own account, and not by the server's.
 */
export interface CursorStore {
  /** The cursor that was saved last for a user; undefined when there is none. */
  load(userId: string): Promise<Cursor | undefined>
  /** Saves a cursor. The acknowledgement goes out when this is done. */
  save(userId: string, cursor: Cursor): Promise<void>
}

/** Reads `{Epoch, Seq}`, of an envelope or of an answer; undefined when it has none. */
export function cursorIn(value: unknown): Cursor | undefined {
  if (!isRecord(value)) return undefined
  const { Epoch: epoch, Seq: seq } = value
  if (typeof epoch !== 'string' || epoch === '' || typeof seq !== 'number') return undefined
  return Number.isSafeInteger(seq) && seq >= 0 ? { epoch, seq } : undefined
}

/** The wire's form of a cursor. */
export function wireCursor({ epoch, seq }: Cursor): { readonly Epoch: string; readonly Seq: number } {
  return { Epoch: epoch, Seq: seq }
}

/**
 * Which of two places is the later one.
 *
 * @returns less than 0 when `left` comes first, 0 when they are the same. Where an epoch has no number that can be
 *   compared, `left` counts as the later one: what comes now follows what came before
 */
export function compareCursors(left: Cursor, right: Cursor): number {
  if (left.epoch === right.epoch) return left.seq - right.seq
  const [leftNumber, rightNumber] = [epochNumber(left.epoch), epochNumber(right.epoch)]
  if (leftNumber === undefined || rightNumber === undefined || leftNumber === rightNumber) return 1
  return leftNumber - rightNumber
}

function epochNumber(epoch: string): number | undefined {
  return /^e\d{1,15}$/.test(epoch) ? Number(epoch.slice(1)) : undefined
}
