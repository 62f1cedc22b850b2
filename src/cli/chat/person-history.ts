/** What was said before, for a person at a terminal. */
import type { Client, IncomingMessage } from '../../client/index.ts'
import { pastLines } from '../past-lines.ts'
import { neutraliseLine } from './neutralise.ts'

/** Where lines go. What is in them is harmless already. */
export interface HistoryLines {
  note(text: string): void
  line(text: string): void
}

/** Messages that are shown where no number was given. */
const limitDefault = 20
/** What the server gives in one page. */
const limitMax = 200

/**
 * Shows the newest messages of a conversation.
 *
 * @throws ParleyError where the server keeps no history
 */
export async function showHistory(
  client: Client,
  userId: string | undefined,
  limit: number | undefined,
  lines: HistoryLines,
): Promise<void> {
  if (userId === undefined) {
    lines.note('With whom? Type /history USER, or /with USER first.')
    return
  }
  const page = await client.history(userId, { limit: Math.min(limitMax, Math.max(1, limit ?? limitDefault)) })
  if (page.items.length === 0) lines.note(`Nothing is kept of what was said with ${neutraliseLine(userId)}.`)
  else if (page.more) lines.note('There is more before that: give a greater number, or use "parley history".')
  for (const { message } of page.items) for (const line of pastLines(pastOf(message))) lines.line(line)
}

/** A message, as far as it is shown. */
export function pastOf({ from, type, content, envelope }: IncomingMessage): Parameters<typeof pastLines>[0] {
  // The server's clock, where it gave its time, and else what the sender claims.
  return { from, time: envelope.ServerTime ?? envelope.CreateTime, type, content }
}
