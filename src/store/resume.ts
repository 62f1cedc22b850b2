/** Where a device goes on at its login, and whether anything is gone that it has not seen. Pure. */
import { comparePositions, laterPosition, type Position } from '../mailbox/position.ts'
import type { Device } from './devices.ts'
import type { Inbox } from './inbox.ts'
import { firstIndexAfter, type Segment } from './segment.ts'

/** See `openInbox` in `InboxCalls`. */
export interface ResumeVerdict {
  readonly cursor: Position
  readonly recovered: boolean
  /** Undefined where it can't be known. */
  readonly missing: number | undefined
}

/**
 * Judges where a device goes on.
 *
 * @param device as it was before this login; undefined when it is new, or was forgotten
 * @param resume what the client says it has; undefined when it says nothing
 * @param epoch the server's own, after which nothing can have been given
 */
export function judgeResume(
  inbox: Inbox,
  device: Device | undefined,
  resume: Position | undefined,
  epoch: number,
): ResumeVerdict {
  if (device === undefined) {
    // It may have had what is gone now, or not: a device that comes without a place does not ask for what was before it.
    if (resume === undefined) return { cursor: inbox.floor, recovered: true, missing: 0 }
    const isPossible = resume.epoch <= epoch
    return {
      cursor: isPossible ? laterPosition(resume, inbox.floor) : inbox.floor,
      recovered: false,
      missing: undefined,
    }
  }
  if (resume !== undefined && resume.epoch > epoch) {
    return { cursor: device.cursor, recovered: false, missing: undefined }
  }
  if (resume === undefined || comparePositions(resume, device.cursor) >= 0) {
    const cursor = laterPosition(resume ?? device.cursor, device.cursor)
    if (comparePositions(cursor, device.lost) >= 0) return { cursor, recovered: true, missing: 0 }
    // A loss that nobody counted: a backup was restored, and what was stored since it was made is gone.
    const missing = device.missing === 0 ? undefined : device.missing
    return { cursor: pastLoss(inbox, device, cursor), recovered: false, missing }
  }
  return judgeFallBack(inbox, device, resume)
}

/** The client has less than it had acknowledged, say from a backup of its own: what others still wait for is there again. */
function judgeFallBack(inbox: Inbox, device: Device, resume: Position): ResumeVerdict {
  const { cursor, missing } = device
  const isCounted = missing > 0 || comparePositions(cursor, device.lost) >= 0
  if (resume.epoch !== cursor.epoch || !isCounted) return { cursor: resume, recovered: false, missing: undefined }
  const available = inbox.waitingAfter(resume).count - inbox.waitingAfter(cursor).count
  const gone = cursor.seq - resume.seq - available + missing
  return { cursor: resume, recovered: gone === 0, missing: gone }
}

/** Behind what was lost, so that a client that resumes from there is not told of it again. Never behind what waits. */
function pastLoss(inbox: Inbox, device: Device, cursor: Position): Position {
  const first: Segment | undefined = inbox.segments[firstIndexAfter(inbox.segments, cursor)]
  if (first === undefined) return device.lost
  const place = { epoch: first.epoch, seq: first.firstSeq }
  return comparePositions(place, device.lost) > 0 ? device.lost : cursor
}
