/** Reads conversations: pages of messages, how many there are up to a position, where a message of a number lies. */
import type { PastMessage } from '../mailbox/history-messages.ts'
import { comparePositions, type Position } from '../mailbox/position.ts'
import { type Conversation, type Piece, type Tally, totalOf } from './conversation.ts'
import { bytesOfFrames } from './frame-bytes.ts'
import type { HistoryTable, PastRow } from './history-table.ts'

/** Positions, both ends included. */
interface Range {
  readonly from: number
  readonly to: number
}

/** A piece with the position of its first message. */
interface PlacedPiece {
  readonly piece: Piece
  readonly first: number
}

/** The messages up to a position, newest first; none before `floor`, which is the last one that is not to be seen. */
export function* messagesUpTo(
  parts: { readonly table: HistoryTable; readonly conversation: Conversation; readonly end: number },
  upTo: number,
  floor: number,
): Generator<Omit<PastMessage, 'isOwn'> & { readonly isLow: boolean }> {
  for (let to = upTo; to > floor; ) {
    const row = parts.table.rowAt(parts.conversation, to)
    if (row === undefined) return
    yield* messagesOf(parts, row, { from: Math.max(row.first, floor + 1), to: Math.min(to, row.tally.last) }).reverse()
    to = row.first - 1
  }
}

/** The messages after a position, oldest first. */
export function* messagesAfter(
  parts: { readonly table: HistoryTable; readonly conversation: Conversation; readonly end: number },
  after: number,
): Generator<Omit<PastMessage, 'isOwn'> & { readonly isLow: boolean }> {
  const { table, conversation } = parts
  let row = table.rowAt(conversation, after + 1)
  if (row === undefined || row.tally.last <= after) row = table.rowAfter(conversation, after)
  for (; row !== undefined; row = table.rowAfter(conversation, row.first)) {
    yield* messagesOf(parts, row, { from: Math.max(row.first, after + 1), to: row.tally.last })
  }
}

/** How many messages of one of the two there are up to a position; where the oldest ones have gone, those count too. */
export function countUpTo(table: HistoryTable, conversation: Conversation, position: number, isLow: boolean): number {
  const row = table.rowAt(conversation, position)
  if (row === undefined) {
    const first = table.rowAfter(conversation, position)
    return first === undefined ? totalOf(conversation.tally, isLow) : totalOf(before(first), isLow)
  }
  let count = totalOf(before(row), isLow)
  for (const { piece, first } of placed(row)) {
    if (piece.isLow === isLow) count += Math.min(Math.max(position - first + 1, 0), piece.count)
  }
  return count
}

/** The position of the last message of one of the two whose number is not beyond a place; 0 when there is none. */
export function positionOf(table: HistoryTable, conversation: Conversation, isLow: boolean, place: Position): number {
  const placeAfter = ({ tally }: PastRow): Position => (isLow ? tally.lowPlace : tally.highPlace)
  const row = firstRow(table, conversation, (candidate) => comparePositions(placeAfter(candidate), place) >= 0)
  const inRow = row === undefined ? 0 : lastIn(row, isLow, place)
  if (inRow > 0) return inRow
  // All of its messages there have higher numbers, or there is no such row: it is the last one before.
  const total = totalOf(row === undefined ? conversation.tally : before(row), isLow)
  const holder = firstRow(table, conversation, (candidate) => totalOf(candidate.tally, isLow) >= total)
  return holder === undefined ? 0 : lastIn(holder, isLow, place)
}

/** The first row with a property that all rows after it have too. */
function firstRow(
  table: HistoryTable,
  conversation: Conversation,
  hasIt: (row: PastRow) => boolean,
): PastRow | undefined {
  let found: PastRow | undefined
  let low = 1
  let high = conversation.tally.last
  while (low <= high) {
    const middle = Math.floor((low + high) / 2)
    const row = table.rowAt(conversation, middle)
    if (row === undefined) {
      low = middle + 1
    } else if (hasIt(row)) {
      found = row
      high = row.first - 1
    } else {
      low = Math.max(row.tally.last, middle) + 1
    }
  }
  return found
}

/** The position of the last message of one of the two in a row whose number is not beyond a place; 0 when there is none. */
function lastIn(row: PastRow, isLow: boolean, place: Position): number {
  let found = 0
  for (const { piece, first } of placed(row)) {
    if (piece.isLow !== isLow) continue
    if (comparePositions(piece, place) > 0) break
    const last = { epoch: piece.epoch, seq: piece.seq + piece.count - 1 }
    if (comparePositions(last, place) >= 0) return first + (place.seq - piece.seq)
    found = first + piece.count - 1
  }
  return found
}

function before(row: PastRow): Pick<Tally, 'lowTotal' | 'highTotal'> {
  let { lowTotal, highTotal } = row.tally
  for (const piece of row.pieces) {
    if (piece.isLow) lowTotal -= piece.count
    else highTotal -= piece.count
  }
  return { lowTotal, highTotal }
}

function* placed(row: PastRow): Generator<PlacedPiece> {
  let first = row.first
  for (const piece of row.pieces) {
    yield { piece, first }
    first += piece.count
  }
}

function messagesOf(
  parts: { readonly table: HistoryTable; readonly conversation: Conversation; readonly end: number },
  row: PastRow,
  range: Range,
): (Omit<PastMessage, 'isOwn'> & { readonly isLow: boolean })[] {
  const frames = range.from > range.to ? undefined : parts.table.frames(parts.conversation, row.id)
  if (frames === undefined) return []
  const messages: (Omit<PastMessage, 'isOwn'> & { readonly isLow: boolean })[] = []
  let at = 0
  for (const { piece, first } of placed(row)) {
    const bytes = frames.subarray(at, at + piece.byteCount)
    at += piece.byteCount
    const from = Math.max(first, range.from)
    const to = Math.min(first + piece.count - 1, range.to)
    if (from > to) continue
    let start = bytesOfFrames(bytes, from - first, parts.end)
    for (let position = from; position <= to; position++) {
      const end = bytes.indexOf(parts.end, start)
      const seq = piece.seq + position - first
      const body = bytes.subarray(start + 1, end)
      messages.push({ position, epoch: piece.epoch, seq, time: piece.time, isLow: piece.isLow, body })
      start = end + 1
    }
  }
  return messages
}
