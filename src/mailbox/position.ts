/** A place in the order of one user's messages: the epoch, one life of the server, and the number within it. */

/** A message's place, or that up to which something holds. Numbers begin at 1, so `{ epoch: 0, seq: 0 }` is before everything. */
export interface Position {
  readonly epoch: number
  readonly seq: number
}

/** Before every message. */
export const beginning: Position = { epoch: 0, seq: 0 }

/** Less than 0 when `a` is before `b`, 0 when they are the same place, more than 0 when it is after. */
export function comparePositions(a: Position, b: Position): number {
  return a.epoch === b.epoch ? a.seq - b.seq : a.epoch - b.epoch
}

/** The later of two. */
export function laterPosition(a: Position, b: Position): Position {
  return comparePositions(a, b) >= 0 ? a : b
}
