/**
 * One conversation in memory: who takes part, where it ends, and how far each of the two has read. Pure.
 *
 * Positions count both directions from 1, in the order of acceptance, without holes but where something was damaged.
 */
import { beginning, comparePositions, type Position } from '../mailbox/position.ts'

/** The two users of a conversation, in the order of their names; a user may talk to oneself. */
export interface Pair {
  readonly low: string
  readonly high: string
}

/** What is known of a conversation at one of its positions. */
export interface Tally {
  /** The position. */
  readonly last: number
  /** How many messages of each there were up to here. */
  readonly lowTotal: number
  readonly highTotal: number
  /** The number at its receiver of the last message of each. */
  readonly lowPlace: Position
  readonly highPlace: Position
}

/** Before the first message. */
export const emptyTally: Tally = { last: 0, lowTotal: 0, highTotal: 0, lowPlace: beginning, highPlace: beginning }

/** Messages that follow each other in one direction: a run as it was accepted. */
export interface Piece extends Position {
  /** Whether `low` sent them. */
  readonly isLow: boolean
  readonly count: number
  /** When they were accepted, in Unix milliseconds. */
  readonly time: number
  /** Of the frames. */
  readonly byteCount: number
}

/** See the head of the file. */
export interface Conversation extends Pair {
  readonly id: number
  /** At its end, with what is about to be written. */
  tally: Tally
  /** Positions up to which each has read. */
  lowRead: number
  highRead: number
  /** Whether its last rows are damaged: they must go before another one is written. */
  hasDamagedEnd: boolean
}

/** The pair of two users. */
export function pairOf(one: string, other: string): Pair {
  return one <= other ? { low: one, high: other } : { low: other, high: one }
}

/** A tally after one more piece. */
export function tallyWith(tally: Tally, piece: Piece): Tally {
  const place = { epoch: piece.epoch, seq: piece.seq + piece.count - 1 }
  const last = tally.last + piece.count
  return piece.isLow
    ? { ...tally, last, lowTotal: tally.lowTotal + piece.count, lowPlace: place }
    : { ...tally, last, highTotal: tally.highTotal + piece.count, highPlace: place }
}

/** Whether messages in one direction are there already: they come again after a storage thread has died. */
export function isRepeat(tally: Tally, run: Position & { readonly isLow: boolean }): boolean {
  return comparePositions(run, run.isLow ? tally.lowPlace : tally.highPlace) <= 0
}

/** How many messages one of the two has sent. */
export function totalOf(tally: Pick<Tally, 'lowTotal' | 'highTotal'>, isLow: boolean): number {
  return isLow ? tally.lowTotal : tally.highTotal
}
