/** Looks at every conversation and every row of the history, and says what is wrong. Changes nothing. */
import type Database from 'libsql'
import { type Tally, tallyWith } from './conversation.ts'
import { ConversationTable, type InspectedConversation } from './conversation-table.ts'
import { HistoryTable, type InspectedRow, type PastRow } from './history-table.ts'

/** What the history holds, and what is wrong with it. */
export interface HistoryVerification {
  readonly conversations: number
  /** Messages in all conversations that can be read. */
  readonly messages: number
  /** A sentence each. */
  readonly faults: readonly string[]
}

/** Damage is named row by row up to here; the rest is counted. */
export const historyFaultsMax = 50
/** Damaged names may have what a terminal would obey. */
const unprintable = /[\p{C}\p{Zl}\p{Zp}]/gu
/** Rows are compared as they lie there. */
const anyDelimiters = { start: 2, end: 3 }

/** See the head of the file. Throws what SQLite throws, and a StoreError where the order of the rows is wrong. */
export function verifyHistory(database: Database.Database): HistoryVerification {
  const faults: string[] = []
  const conversations = new Map<number, InspectedConversation>()
  for (const conversation of new ConversationTable(database).inspect()) {
    conversations.set(conversation.id, conversation)
    if (!conversation.isSound) {
      faults.push(
        `Conversation ${conversation.id}, of ${namesOf(conversation)}, is damaged: nothing counts as read in it.`,
      )
    }
  }
  const ends = new Map<number, PastRow>()
  let messages = 0
  for (const found of new HistoryTable(database, anyDelimiters).inspect((id) => conversations.get(id))) {
    const conversation = conversations.get(found.conversation)
    // It is about to be removed, whatever it is.
    if (conversation?.isRemoved === true && conversation.isSound) continue
    const fault = faultOf(found, conversation, ends.get(found.conversation))
    if (fault !== undefined) faults.push(fault)
    if (found.row === undefined) continue
    messages += countOf(found.row)
    ends.set(found.conversation, found.row)
  }
  const named = faults.slice(0, historyFaultsMax)
  const more = faults.length - named.length
  if (more > 0) named.push(`${more} more rows of the history and its conversations are damaged.`)
  return { conversations: conversations.size, messages, faults: named }
}

/** What is wrong with a row that comes after another one of its conversation. */
function faultOf(
  { id, conversation: number, first, row }: InspectedRow,
  conversation: InspectedConversation | undefined,
  before: PastRow | undefined,
): string | undefined {
  if (conversation === undefined)
    return `Row ${id} of the history belongs to conversation ${number}, which is not there.`
  const names = `the history of ${namesOf(conversation)}`
  if (row === undefined)
    return `Row ${id} of ${names} is damaged: its messages, from position ${first} on, are not shown.`
  if (!isFitting(row, before)) return `Row ${id} of ${names} does not fit to what is before it, at position ${first}.`
  return undefined
}

/** Whether positions, totals and numbers go on from the row before; what was removed or damaged between them may be missing. */
function isFitting(row: PastRow, before: PastRow | undefined): boolean {
  const { first, tally, pieces } = row
  if (tally.last - first + 1 !== countOf(row)) return false
  if (before === undefined) return true
  const end = before.tally
  if (first <= end.last || tally.lowTotal < end.lowTotal || tally.highTotal < end.highTotal) return false
  return first > end.last + 1 || isSame(pieces.reduce(tallyWith, end), tally)
}

function isSame(one: Tally, other: Tally): boolean {
  return one.lowTotal === other.lowTotal && one.highTotal === other.highTotal
}

function countOf({ pieces }: PastRow): number {
  return pieces.reduce((sum, { count }) => sum + count, 0)
}

function namesOf({ low, high }: InspectedConversation): string {
  return [low, high].map((name) => JSON.stringify(name).replaceAll(unprintable, '\ufffd')).join(' and ')
}
