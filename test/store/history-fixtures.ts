/** Runs for the tests of the history. */
import type { HistoryRun } from '../../src/mailbox/history-messages.ts'

/** A run whose bodies say who sent them to whom, and their numbers. */
export function pastRun(
  from: string,
  to: string,
  { epoch, seq, count, time }: { epoch: number; seq: number; count: number; time: number },
): HistoryRun {
  const frames = Array.from({ length: count }, (_, index) => `\u0002${from}>${to}:${epoch}:${seq + index}\u0003`)
  return { from, to, epoch, seq, count, time, frames: Buffer.from(frames.join('')) }
}
