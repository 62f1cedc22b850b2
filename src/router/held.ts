/** What a session sent that waits for its turn, behind messages whose signatures are being checked. */
import type { RelayMessage, RelaySignedMessage, RequestMessage } from '../mailbox/router-messages.ts'
import type { Session, Step } from './state.ts'

/** What can wait. */
export type HeldMessage = RelayMessage | RelaySignedMessage | RequestMessage

/** A message, or a run of them, that waits. Its bytes are its own. */
export interface Held {
  readonly message: HeldMessage
  readonly byteCount: number
  /** Whether a verdict is due, is there, or is not needed. Without verdicts the check could not be done. */
  state: 'checking' | 'unsigned' | { readonly verdicts: Uint8Array | undefined }
}

/** Whether there is room for one more message. */
export function hasRoomFor({ state }: Step, message: HeldMessage): boolean {
  return state.heldBytes + byteCountOf(message) <= state.options.heldBytesMax
}

/** Puts a message behind all others of its session. */
export function hold(step: Step, session: Session, message: HeldMessage, state: Held['state']): Held {
  const held: Held = { message, byteCount: byteCountOf(message), state }
  session.held.push(held)
  step.state.heldBytes += held.byteCount
  return held
}

/** Takes out the first message that need not wait any more. */
export function takeHeld(step: Step, session: Session): Held | undefined {
  const first = session.held[0]
  if (first === undefined || first.state === 'checking') return undefined
  session.held.shift()
  step.state.heldBytes -= first.byteCount
  return first
}

/** The session has ended: what it sent and was not decided on counts no more. */
export function dropHeld(step: Step, session: Session): void {
  for (const { byteCount } of session.held) step.state.heldBytes -= byteCount
  session.held.length = 0
}

function byteCountOf(message: HeldMessage): number {
  const bundleBytes = message.kind === 'relay' ? 0 : (message.bundle?.length ?? 0)
  if (message.kind === 'request') return bundleBytes + message.content.length + (message.frame?.length ?? 0)
  return bundleBytes + message.frames.length
}
