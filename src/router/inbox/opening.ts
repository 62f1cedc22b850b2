/** A login of somebody who may have messages waiting: asks the store how far the device is, before the session begins. */
import type { InboxCalls } from '../../mailbox/inbox-messages.ts'
import { comparePositions, laterPosition, type Position } from '../../mailbox/position.ts'
import type { ConnectionId } from '../../mailbox/router-messages.ts'
import { epochOf, epochText } from '../../security/message-id.ts'
import type { DeviceClaim, Step } from '../state.ts'
import { proveExistence } from './existence.ts'
import { recipientOf } from './inbox-state.ts'
import { tidy } from './outcomes.ts'
import { addReader } from './readers.ts'
import { type Recipient, refresh } from './recipient.ts'
import { storeHeld, tellAcknowledged } from './storing.ts'

/** How far a device is, as the store has it. */
export type OpenedInbox = InboxCalls['openInbox']['give']

/** What the answer to a login says of that. */
export interface ResumeAnswer {
  readonly Recovered: boolean
  readonly Epoch: string
  readonly Seq: number
  readonly Missing?: number
}

/** Whether the store has to be asked before a session begins: not for a client without a word about it, whose user has nothing. */
export function mustOpen({ state }: Step, user: string, claim: DeviceClaim): boolean {
  const { known, recipients } = state.inbox
  return claim.acknowledges || known.has(user) || recipients.has(user)
}

/** Asks the store. Gives how many runs had gone there before. */
export function openInbox(step: Step, connection: ConnectionId, user: string, claim: DeviceClaim): number {
  const { inbox } = step.state
  const recipient = recipientOf(inbox, user, 'exists')
  proveExistence(step, recipient)
  recipient.openings++
  refresh(recipient)
  // Whoever waited to hear whether there is such a user knows it now.
  if (inbox.waiting.has(recipient)) storeHeld(step, recipient)
  for (const reader of recipient.readers.values()) {
    if (reader.acknowledges && reader.device === claim.device) tellAcknowledged(step, recipient, reader)
  }
  const { device, acknowledges } = claim
  const resume = placeOf(step, recipient, claim)
  step.effects.push({
    kind: 'openInbox',
    connection,
    take: { user, device, acknowledges, ...(resume === undefined ? {} : { resume }) },
  })
  return recipient.appends
}

/** The place that a client says it is at; undefined when it can't have been given. */
function placeOf(step: Step, recipient: Recipient, { resume, acknowledges }: DeviceClaim): Position | undefined {
  if (resume === undefined || !acknowledges) return undefined
  const { inbox } = step.state
  const epoch = epochOf(resume.Epoch)
  if (epoch === undefined || epoch > inbox.epoch) return undefined
  if (epoch === inbox.epoch && resume.Seq > recipient.lastSeq) return undefined
  return { epoch, seq: resume.Seq }
}

/** What a client is told of how far it is. */
export function resumeAnswer(step: Step, user: string, claim: DeviceClaim, opened: OpenedInbox): ResumeAnswer {
  const recipient = step.state.inbox.recipients.get(user)
  const isPossible =
    claim.resume === undefined || (recipient !== undefined && placeOf(step, recipient, claim) !== undefined)
  const { cursor, recovered, missing } = opened
  const place = { Epoch: epochText(cursor.epoch), Seq: cursor.seq }
  const missed = step.state.inbox.missed.get(user)
  const isWhole = isPossible && (missed === undefined || comparePositions(cursor, missed) >= 0)
  if (isWhole && recovered) return { Recovered: true, ...place }
  return { Recovered: false, ...place, ...(missing === undefined || !isWhole ? {} : { Missing: missing }) }
}

/** The session has begun: it is given what it has not had. */
export function beginReading(
  step: Step,
  session: { readonly connection: ConnectionId; readonly user: string },
  claim: DeviceClaim,
  asked: { readonly order: number; readonly opened: OpenedInbox },
): void {
  const recipient = recipientOf(step.state.inbox, session.user, 'exists')
  const { cursor, count } = asked.opened
  const reader = {
    connection: session.connection,
    device: claim.device,
    acknowledges: claim.acknowledges,
    given: cursor,
    acknowledged: cursor,
    noted: cursor,
    stage: { kind: 'reading', order: asked.order },
  } as const
  addReader(step, recipient, { ...reader }, { order: asked.order, isEmpty: count === 0 })
}

/** What the store said is taken in, or that it could not say anything. The last thing of an opening. */
export function endOpening(step: Step, user: string, order: number, opened: OpenedInbox | undefined): void {
  const { inbox } = step.state
  const recipient = inbox.recipients.get(user)
  if (recipient === undefined) return
  recipient.openings--
  if (opened !== undefined) {
    recipient.devices = new Set(opened.devices)
    if (opened.count > 0) {
      recipient.storedTo = laterPosition(recipient.storedTo, { epoch: inbox.epoch, seq: recipient.lastSeq })
    }
    const isNothing = opened.count === 0 && opened.devices.length === 0 && recipient.appends === order
    if (isNothing) inbox.known.delete(user)
    else inbox.known.add(user)
  }
  inbox.waiting.add(recipient)
  refresh(recipient)
  tidy(step, recipient)
}
