/** What of accepted runs goes to the history: in the order of acceptance, and only once it is certain that they are not refused. */
import type { Step } from '../state.ts'
import { firstFrames } from './frames.ts'
import type { Recipient } from './recipient.ts'
import { type Entry, isSettled, lastSeqOf } from './window.ts'

/** Gives away the runs of a recipient that are settled now, up to the first that is not. To be called before they leave the window. */
export function rememberSettled(step: Step, recipient: Recipient): void {
  if (!step.state.past.options.isOn) return
  for (const entry of recipient.window.entries) {
    if (entry.seq <= recipient.remembered) continue
    if (!isSettled(entry)) return
    recipient.remembered = lastSeqOf(entry)
    const count = acceptedOf(entry)
    if (count > 0 && entry.from !== undefined) {
      const frames = firstFrames(entry.frames, count, step.state.options.delimiters.end)
      remember(step, recipient.user, { from: entry.from, seq: entry.seq, count, frames, time: entry.acceptedAt })
    }
  }
}

/** Messages that went straight to sessions, without numbers: they get theirs here. The bytes are valid while the effect is run. */
export function rememberDirect(
  step: Step,
  user: string,
  run: { from: string; count: number; frames: Uint8Array },
): void {
  const { past, inbox } = step.state
  if (!past.options.isOn) return
  const last = inbox.lastSeqs.get(user) ?? 0
  inbox.lastSeqs.set(user, last + run.count)
  remember(step, user, { ...run, seq: last + 1, time: step.now })
}

function remember(
  step: Step,
  to: string,
  run: { from: string; seq: number; count: number; frames: Uint8Array; time: number },
): void {
  step.effects.push({ kind: 'remember', run: { ...run, to, epoch: step.state.inbox.epoch } })
}

/** How many of a settled run's first frames were not refused. */
function acceptedOf({ place, count, acknowledged, writes }: Entry): number {
  if (writes.isWritten || place.kind === 'stored') return count
  return place.kind === 'refused' ? Math.max(place.from, acknowledged) : acknowledged
}
