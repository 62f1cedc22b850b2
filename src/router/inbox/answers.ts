/** What senders hear of their messages: one answer for each `CallbackID`, put together from text, one piece for each sender and step. */
import type { ConnectionId } from '../../mailbox/router-messages.ts'
import { frameOf } from '../../protocol/replies.ts'
import type { Step } from '../state.ts'

/** What became of a message that was not refused. */
export type DeliveryStatus = 'delivered' | 'stored' | 'sent'

/** One answer. */
export interface Answer {
  readonly callbackId: string
  readonly status: DeliveryStatus
  /** The message's name; undefined for one without a number. */
  readonly messageId: string | undefined
  readonly isDuplicate: boolean
}

/** Adds an answer to what this step says to a connection. */
export function answer(
  step: Step,
  connection: ConnectionId,
  { callbackId, status, messageId, isDuplicate }: Answer,
): void {
  const data = { Status: status, ...(messageId === undefined ? {} : { MsgId: messageId }) }
  const content = JSON.stringify({ Success: true, Data: isDuplicate ? { ...data, Duplicate: true } : data })
  const head = `{"MsgType":"CommonResponse","CreateTime":${Math.floor(step.now / 1000)},"CallbackID":`
  const body = `${head}${JSON.stringify(callbackId)},"Content":${JSON.stringify(content)}}`
  sayLater(step, connection, frameOf(step.state.options.delimiters, body))
}

/** Adds frames to what this step says to a connection. */
export function sayLater(step: Step, connection: ConnectionId, frames: Buffer): void {
  step.answers ??= new Map()
  const said = step.answers.get(connection)
  if (said === undefined) step.answers.set(connection, [frames])
  else said.push(frames)
}

/** Sends what was gathered: the last thing that a step does. */
export function sendAnswers(step: Step): void {
  if (step.answers === undefined) return
  for (const [connection, said] of step.answers) {
    const frames = said.length === 1 ? (said[0] as Buffer) : Buffer.concat(said)
    step.effects.push({ kind: 'send', connection, message: { kind: 'deliver', connection, receipt: 0, frames } })
  }
  step.answers = undefined
}
