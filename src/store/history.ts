/**
 * The history of one database: takes in runs, answers the calls of {@link HistoryCalls}. What it does counts only once its
 * caller has called `flush`, committed the transaction and called `committed`; after `rolledBack` nothing of it has happened.
 */
import type Database from 'libsql'
import type { HistoryCalls, HistoryRun, HistorySettings, PastMessage, ReadState } from '../mailbox/history-messages.ts'
import {
  type Conversation,
  isRepeat,
  type Pair,
  type Piece,
  pairOf,
  type Tally,
  tallyWith,
  totalOf,
} from './conversation.ts'
import { ConversationTable } from './conversation-table.ts'
import { countUpTo, messagesAfter, messagesUpTo, positionOf } from './history-reader.ts'
import { type AgedRow, HistoryTable } from './history-table.ts'
import type { Delimiters } from './segment-table.ts'

type Take<Name extends keyof HistoryCalls> = HistoryCalls[Name]['take']
type Give<Name extends keyof HistoryCalls> = HistoryCalls[Name]['give']

/** What a history needs of the world. */
export interface HistoryOptions {
  readonly database: Database.Database
  /** Undefined: nothing is kept, and what was kept before stays as it is. */
  readonly settings: HistorySettings | undefined
  readonly delimiters: Delimiters
  /** Unix milliseconds, for what is removed because of its age: see `steadyClock`. */
  readonly steadyNow: () => number
}

/** A row grows to so many bytes at most, so that reading a part of one stays cheap. A larger run stands alone. */
export const historyRowBytesMax = 262_144
/** Conversations remembered, so that the next commit need not look for their ends. */
export const conversationsRememberedMax = 8192
/** Rows that one commit removes of a conversation that has too many. */
const rowsPrunedMax = 16
/** Conversations that `findPast` looks at. */
const conversationsSearchedMax = 2048
/** Conversations whose counts one bite looks at. */
const conversationsPerSweep = 64
const dayMs = 86_400_000

/** A row that is not written yet. */
interface NewRow {
  readonly conversation: Conversation
  readonly first: number
  readonly pieces: Piece[]
  readonly frames: Uint8Array[]
  tally: Tally
  byteCount: number
}

/** See the head of the file. */
export class History {
  readonly #options: HistoryOptions
  readonly #conversations: ConversationTable
  readonly #table: HistoryTable
  /** By both names; the one that was used longest ago first. */
  readonly #known = new Map<string, Conversation>()
  /** Rows of the commit, in their order, and the one of each conversation that may still grow. */
  #rows: NewRow[] = []
  readonly #growing = new Map<Conversation, NewRow>()
  /** Where `retainHistory` goes on: after this conversation, undefined once all were looked at, and after this row. */
  #swept: number | undefined = 0
  #aged = 0
  #rowsWritten = 0

  constructor(options: HistoryOptions) {
    this.#options = options
    this.#conversations = new ConversationTable(options.database)
    this.#table = new HistoryTable(options.database, options.delimiters)
  }

  /** Rows found damaged since the start. */
  get damaged(): number {
    return this.#table.damaged + this.#conversations.damaged
  }

  /** Rows written since the start, also those of a commit that failed. */
  get rowsWritten(): number {
    return this.#rowsWritten
  }

  /** Takes in a run, unless it was taken in before. */
  append(run: HistoryRun): void {
    if (this.#options.settings === undefined) return
    const pair = pairOf(run.from, run.to)
    const conversation = this.#find(pair) ?? this.#create(pair)
    if (conversation.hasDamagedEnd) this.#table.dropDamagedEnd(conversation)
    const { epoch, seq, count, time, frames } = run
    const piece = { epoch, seq, count, time, byteCount: frames.length, isLow: run.from === pair.low }
    if (isRepeat(conversation.tally, piece)) return
    let row = this.#growing.get(conversation)
    if (row === undefined || row.byteCount + frames.length > historyRowBytesMax) {
      row = {
        conversation,
        first: conversation.tally.last + 1,
        pieces: [],
        frames: [],
        tally: conversation.tally,
        byteCount: 0,
      }
      this.#rows.push(row)
      this.#growing.set(conversation, row)
    }
    row.pieces.push(piece)
    row.frames.push(frames)
    row.byteCount += frames.length
    row.tally = tallyWith(row.tally, piece)
    conversation.tally = row.tally
  }

  /** See {@link HistoryCalls}. */
  readHistory(take: Take<'readHistory'>): Give<'readHistory'> {
    this.flush()
    const pair = pairOf(take.user, take.with)
    const conversation = this.#find(pair)
    if (conversation === undefined) {
      return { messages: [], more: false, damaged: 0, unread: 0, read: 0, readByOther: 0 }
    }
    const damagedBefore = this.damaged
    const parts = { table: this.#table, conversation, end: this.#options.delimiters.end }
    const floor = this.#floor(conversation)
    const isForward = take.after !== undefined
    const upTo = Math.min((take.before ?? Number.POSITIVE_INFINITY) - 1, conversation.tally.last)
    const found = isForward ? messagesAfter(parts, Math.max(take.after ?? 0, floor)) : messagesUpTo(parts, upTo, floor)
    const messages: PastMessage[] = []
    let bytes = 0
    let more = false
    for (const { isLow, ...message } of found) {
      more = messages.length >= take.limit || (bytes > 0 && bytes + message.body.length > take.bytesMax)
      if (more) break
      bytes += message.body.length
      messages.push({ ...message, isOwn: isLow === (take.user === pair.low) })
    }
    if (!isForward) messages.reverse()
    return { messages, more, ...this.#readState(conversation, take.user), damaged: this.damaged - damagedBefore }
  }

  /** See {@link HistoryCalls}. */
  markRead(take: Take<'markRead'>): Give<'markRead'> {
    this.flush()
    const pair = pairOf(take.user, take.with)
    const conversation = this.#find(pair)
    if (conversation === undefined) return { moved: false, unread: 0, read: 0, readByOther: 0 }
    const isLow = take.user === pair.low
    const read = positionOf(this.#table, conversation, !isLow, take)
    const moved = read > (isLow ? conversation.lowRead : conversation.highRead)
    if (moved) {
      if (isLow) conversation.lowRead = read
      else conversation.highRead = read
      this.#conversations.save(conversation)
    }
    return { moved, ...this.#readState(conversation, take.user) }
  }

  /** See {@link HistoryCalls}. */
  listConversations(take: Take<'listConversations'>): Give<'listConversations'> {
    this.flush()
    const names = this.#conversations.partners(take.user, take.after, take.limit + 1)
    const page = names.slice(0, take.limit)
    const items = page.flatMap((userId) => {
      const conversation = this.#find(pairOf(take.user, userId))
      const last = conversation && this.#table.rowAt(conversation, conversation.tally.last)
      // All its messages may have gone.
      if (conversation === undefined || last === undefined) return []
      const { unread } = this.#readState(conversation, take.user)
      return [{ userId, position: last.tally.last, time: last.time, unread }]
    })
    return { items, next: names.length > take.limit ? page.at(-1) : undefined }
  }

  /** See {@link HistoryCalls}. */
  findPast(take: Take<'findPast'>): Give<'findPast'> {
    this.flush()
    for (const from of this.#conversations.partners(take.to, '', conversationsSearchedMax)) {
      const pair = pairOf(from, take.to)
      const conversation = this.#find(pair)
      if (conversation === undefined) continue
      const isLow = from === pair.low
      const position = positionOf(this.#table, conversation, isLow, take)
      const parts = { table: this.#table, conversation, end: this.#options.delimiters.end }
      const [found] = position === 0 ? [] : messagesUpTo(parts, position, position - 1)
      if (found?.epoch !== take.epoch || found.seq !== take.seq || found.isLow !== isLow) continue
      const isRead = (isLow ? conversation.highRead : conversation.lowRead) >= position
      return { from, position, time: found.time, isRead }
    }
    return undefined
  }

  /** See {@link HistoryCalls}. */
  retainHistory({ limit }: Take<'retainHistory'>): Give<'retainHistory'> {
    this.flush()
    const removedId = this.#conversations.findRemoved()
    if (removedId !== undefined) {
      const removed = this.#table.removeUpTo(removedId, Number.MAX_SAFE_INTEGER, limit)
      if (removed < limit) this.#conversations.delete(removedId)
      return { removed, more: true }
    }
    const { settings } = this.#options
    if (settings === undefined) return { removed: 0, more: false }
    const aged = this.#removeAged(this.#options.steadyNow() - settings.daysMax * dayMs, limit)
    const counted = this.#removeCounted(limit)
    return { removed: aged.removed + counted.removed, more: aged.more || counted.more }
  }

  /** An account is going: whoever gets its name next must not see what it wrote and got. */
  forgetUser(user: string): void {
    this.flush()
    this.#conversations.markRemoved(user)
    for (const [key, { low, high }] of this.#known) if (low === user || high === user) this.#known.delete(key)
  }

  /** Writes what was taken in so far, within the caller's transaction. */
  flush(): void {
    for (const { conversation, first, pieces, frames, tally } of this.#rows) {
      this.#table.insert(conversation, first, tally, pieces, Buffer.concat(frames))
      const floor = this.#floor(conversation)
      if (floor > 0) this.#table.removeUpTo(conversation.id, floor, rowsPrunedMax)
    }
    this.#rowsWritten += this.#rows.length
    this.#rows = []
    this.#growing.clear()
  }

  /** The transaction is committed. */
  committed(): void {
    for (const key of this.#known.keys()) {
      if (this.#known.size <= conversationsRememberedMax) break
      this.#known.delete(key)
    }
  }

  /** The transaction was rolled back: what is remembered is read again. */
  rolledBack(): void {
    this.#rows = []
    this.#growing.clear()
    this.#known.clear()
  }

  /** Up to which position the count of messages that are kept hides what may still be there. */
  #floor({ tally }: Conversation): number {
    return Math.max(tally.last - (this.#options.settings?.countMax ?? Number.POSITIVE_INFINITY), 0)
  }

  #readState(conversation: Conversation, user: string): ReadState {
    const isLow = user === conversation.low
    const { lowRead, highRead, tally } = conversation
    const read = isLow ? lowRead : highRead
    const seen = countUpTo(this.#table, conversation, Math.max(read, this.#floor(conversation)), !isLow)
    // With oneself nobody else writes.
    const unread = conversation.low === conversation.high ? 0 : totalOf(tally, !isLow) - seen
    return { unread: Math.max(unread, 0), read, readByOther: isLow ? highRead : lowRead }
  }

  #find(pair: Pair): Conversation | undefined {
    const key = `${pair.low}\0${pair.high}`
    const known = this.#known.get(key)
    const conversation = known ?? this.#conversations.find(pair)
    if (conversation === undefined) return undefined
    if (known === undefined) {
      const last = this.#table.rowAt(conversation, Number.MAX_SAFE_INTEGER)
      if (last !== undefined && last.tally.last > conversation.tally.last) conversation.tally = last.tally
      conversation.hasDamagedEnd = this.#table.hasRowAfter(conversation.id, conversation.tally.last)
    }
    this.#known.delete(key)
    this.#known.set(key, conversation)
    return conversation
  }

  #create(pair: Pair): Conversation {
    const conversation = this.#conversations.create(pair)
    this.#conversations.save(conversation)
    this.#known.set(`${pair.low}\0${pair.high}`, conversation)
    return conversation
  }

  #removeAged(before: number, limit: number): { removed: number; more: boolean } {
    const rows = this.#table.oldest(this.#aged, limit)
    let removed = 0
    for (const row of rows) {
      this.#aged = row.id
      // Rows are as old as their order says, but for those of a clock that ran ahead: those are passed over.
      if (row.time >= before && row.time <= this.#options.steadyNow()) break
      if (row.time >= before) continue
      this.#keepEndOf(row)
      this.#table.remove(row.id)
      removed++
    }
    const more = removed > 0 && rows.length === limit
    if (!more) this.#aged = 0
    return { removed, more }
  }

  /** With its last row a conversation would forget its positions, and how much of it there was. */
  #keepEndOf(row: AgedRow): void {
    if (this.#table.hasRowAfter(row.conversation, row.first)) return
    const pair = this.#conversations.pairOf(row.conversation)
    const conversation = pair === undefined ? undefined : this.#find(pair)
    if (conversation !== undefined) this.#conversations.save(conversation)
  }

  /** Once after the start, for the count may be smaller than it was: what is appended later removes what is too much. */
  #removeCounted(limit: number): { removed: number; more: boolean } {
    if (this.#swept === undefined || this.#options.settings?.countMax === undefined) return { removed: 0, more: false }
    const page = this.#conversations.page(this.#swept, conversationsPerSweep)
    let removed = 0
    for (const pair of page) {
      const conversation = this.#find(pair)
      if (conversation === undefined) continue
      removed += this.#table.removeUpTo(pair.id, this.#floor(conversation), limit - removed)
      // The rest of this one comes in the next bite.
      if (removed >= limit) return { removed, more: true }
      this.#swept = pair.id
    }
    if (page.length < conversationsPerSweep) this.#swept = undefined
    this.committed()
    return { removed, more: this.#swept !== undefined }
  }
}
