/**
 * The notes of a segment's runs as they lie in its row: for each run the number of its messages (4 bytes, little-endian),
 * the length of its note (2 bytes) and the note.
 */
import type { NotedRun } from '../mailbox/inbox-messages.ts'
import type { SegmentPart } from './segment.ts'

/** One run of a segment: how many messages, and what its sender is to be told by. */
export interface RunNote {
  readonly count: number
  readonly note: Uint8Array
}

const HEAD_BYTES = 6
const nothing = new Uint8Array(0)

/** The bytes of notes; null when no run has one. */
export function packNotes(runs: readonly RunNote[]): Buffer | null {
  if (runs.every((run) => run.note.length === 0)) return null
  const bytes = Buffer.allocUnsafe(runs.reduce((sum, run) => sum + HEAD_BYTES + run.note.length, 0))
  let at = 0
  for (const { count, note } of runs) {
    bytes.writeUInt32LE(count, at)
    bytes.writeUInt16LE(note.length, at + 4)
    bytes.set(note, at + HEAD_BYTES)
    at += HEAD_BYTES + note.length
  }
  return bytes
}

/** Reads what `packNotes` made; its checksum was compared before. The notes are copies. */
export function unpackNotes(packed: Uint8Array): readonly RunNote[] {
  const bytes = Buffer.from(packed)
  const runs: RunNote[] = []
  for (let at = 0; at < bytes.length; ) {
    const noteEnd = at + HEAD_BYTES + bytes.readUInt16LE(at + 4)
    runs.push({ count: bytes.readUInt32LE(at), note: bytes.subarray(at + HEAD_BYTES, noteEnd) })
    at = noteEnd
  }
  return runs
}

/** The runs that a part of a segment belongs to, each with the numbers that are in the part. Without notes: all as one run. */
export function notedRuns(user: string, part: SegmentPart, notes: readonly RunNote[]): readonly NotedRun[] {
  const { segment, from, to } = part
  const { epoch } = segment
  if (notes.length === 0) return [{ user, epoch, firstSeq: segment.firstSeq, from, to, note: nothing }]
  const runs: NotedRun[] = []
  let firstSeq = segment.firstSeq
  for (const { count, note } of notes) {
    const end = firstSeq + count
    if (end > from && firstSeq <= to) {
      runs.push({ user, epoch, firstSeq, from: Math.max(from, firstSeq), to: Math.min(to, end - 1), note })
    }
    firstSeq = end
  }
  return runs
}
