/**
 * The store itself, in the thread that calls it: what the storage thread runs in the server, and the command
 * line where no server runs. Owns the database; answers calls one by one or as a batch with one commit.
 */
import { randomBytes } from 'node:crypto'
import type Database from 'libsql'
import { limits } from '../config/limits.ts'
import type { HistoryDoneMessage, HistoryRun, HistorySettings } from '../mailbox/history-messages.ts'
import type { TicketedRun } from '../mailbox/inbox-codec.ts'
import type { AppendedMessage, AppendFault, InboxSettings } from '../mailbox/inbox-messages.ts'
import type { StoreError } from '../mailbox/store-error.ts'
import type { Store, StoreCallName, StoreCalls, StoreReply, StoreRequest } from '../mailbox/store-messages.ts'
import { Accounts } from './accounts.ts'
import { accountWrites, type CallTable, callTable, inboxReads, inboxWrites } from './call-table.ts'
import { CommitWitness } from './commit-witness.ts'
import { openDatabaseFile } from './database-file.ts'
import { DeviceKeys } from './device-keys.ts'
import { FileIdentity } from './file-identity.ts'
import { History } from './history.ts'
import type { JournalLimits } from './id-journal.ts'
import type { Inboxes } from './inboxes.ts'
import { openInboxes } from './open-inboxes.ts'
import { ReceiptAskers } from './receipt-askers.ts'
import { SpaceReserve } from './space-reserve.ts'
import { toStoreError } from './sqlite-errors.ts'
import { steadyClock } from './steady-clock.ts'

/** What a store needs to be opened. */
export interface LocalStoreOptions {
  /** The data directory; made when it is missing. */
  readonly dataDir: string
  /** Unix milliseconds; `Date.now` where not given. */
  readonly now?: () => number
  /** Milliseconds that never jump; `performance.now` where not given. */
  readonly monotonic?: () => number
  /** Random bytes; those of `node:crypto` where not given. */
  readonly random?: (bytes: number) => Uint8Array
  readonly inboxes?: InboxSettings
  /** How much of conversations is kept; nothing where not given. */
  readonly history?: HistorySettings
  readonly journal?: JournalLimits
  /** Room kept on the disk for what must go on when it is full: see `SpaceReserve`. None where not given. */
  readonly reserveBytes?: number
}

/** One thing to be done in a batch: a call, a run to be stored, or one for the history. */
export type StoreWork = StoreRequest | TicketedRun | HistoryRun

/** What came of a batch: the replies to its calls in their order, and what became of its runs of both kinds, if there were any. */
export interface BatchOutcome {
  readonly replies: readonly StoreReply[]
  readonly appended: AppendedMessage | undefined
  readonly history: HistoryDoneMessage | undefined
}

/** The settings of inboxes where none are given. */
export const inboxSettingsDefault: InboxSettings = {
  messagesMax: 1000,
  bytesMax: 8 * 2 ** 20,
  policy: 'reject',
  start: 0x02,
  end: 0x03,
}

/** On a full disk messages are stored again once so many pages of the file (4 KiB each) are free. */
const freePagesEnough = 1024

/** How much the id journal holds where nothing is given: a day, 32 MiB of entries, and what can be read within a second. */
const journalLimitsDefault: JournalLimits = { ageMsMax: 86_400_000, entriesMax: 2 ** 20, rowsMax: 200_000 }

/**
 * Opens the store in the data directory.
 *
 * @throws StoreError with a sentence that says what to do
 */
export function openLocalStore(options: LocalStoreOptions): LocalStore {
  const { database, path } = openDatabaseFile(options.dataDir)
  try {
    return new LocalStore(database, path, options)
  } catch (error) {
    database.close()
    throw toStoreError(error, path)
  }
}

/** A {@link Store} that works in the calling thread; every call blocks it for as long as the disk takes. */
export class LocalStore implements Store {
  readonly path: string
  readonly #database: Database.Database
  readonly #options: Omit<LocalStoreOptions, 'dataDir'>
  readonly #calls: CallTable
  readonly #changes: Database.Statement
  readonly #files: FileIdentity
  readonly #reserve: SpaceReserve
  readonly #steadyNow: () => number
  #witness: CommitWitness | undefined
  #inboxes: Inboxes | undefined
  #history: History | undefined

  /** Use {@link openLocalStore}. */
  constructor(database: Database.Database, path: string, options: Omit<LocalStoreOptions, 'dataDir'> = {}) {
    this.#database = database
    this.path = path
    this.#options = options
    const { now = Date.now, monotonic = () => performance.now(), random = randomBytes } = options
    this.#steadyNow = steadyClock(now, monotonic)
    const keys = new DeviceKeys({
      database,
      now,
      limits: { enrolledMax: limits.userKeysMax.value, everMax: limits.userKeysEverMax.value },
    })
    const accounts = new Accounts({ database, now, random, keysOf: (userId) => keys.keysOf(userId) })
    this.#calls = callTable({
      accounts,
      keys,
      inboxes: () => this.inboxes(),
      history: () => this.history(),
      askers: new ReceiptAskers(database),
      probe: () => this.#probe(),
    })
    this.#changes = database.prepare('SELECT total_changes() AS count')
    this.#files = new FileIdentity(path)
    this.#reserve = new SpaceReserve(path, options.reserveBytes ?? 0, monotonic)
  }

  /** The inboxes, loaded when they are first asked for. */
  inboxes(): Inboxes {
    if (this.#inboxes === undefined) {
      this.#witness = new CommitWitness(this.path)
      this.#inboxes = openInboxes({
        database: this.#database,
        settings: this.#options.inboxes ?? inboxSettingsDefault,
        journal: this.#options.journal ?? journalLimitsDefault,
        mayGrow: () => this.#reserve.isHeld,
        now: this.#options.now ?? Date.now,
        steadyNow: this.#steadyNow,
        commitsSeen: this.#witness.found,
      })
    }
    return this.#inboxes
  }

  /** The history of conversations. */
  history(): History {
    const { inboxes: delimiters = inboxSettingsDefault, history: settings } = this.#options
    this.#history ??= new History({ database: this.#database, settings, delimiters, steadyNow: this.#steadyNow })
    return this.#history
  }

  /** Does one call; what it wrote is on the disk when the promise resolves. */
  call<Name extends StoreCallName>(name: Name, take: StoreCalls[Name]['take']): Promise<StoreCalls[Name]['give']> {
    try {
      if (!this.#database.open) throw new Error('the store is closed')
      const give = isWrite(name) ? this.#commitTwice(() => this.#calls[name](take)) : this.#calls[name](take)
      return Promise.resolve(give)
    } catch (error) {
      return Promise.reject(toStoreError(error, this.path))
    }
  }

  /**
   * Does many calls and runs in their order with one commit, and gives the replies in that order. A call that fails
   * leaves no trace and harms no other. The outcome holds only once this returns: everything is on the disk then.
   */
  runBatch(works: readonly StoreWork[]): BatchOutcome {
    const runs = works.filter(isRun)
    const past = works.filter(isHistoryRun)
    const requests = works.filter((work) => 'call' in work)
    if (runs.length + past.length > 0 && !this.#hasRoom()) {
      const { replies } = this.runBatch(requests)
      return { replies, appended: this.#refuseAll(runs, 'storage_full'), history: doneOf(past, past.length) }
    }
    if (runs.length + past.length === 0 && !requests.some((request) => isWrite(request.call))) {
      return { replies: requests.map((request) => this.#answer(request)), appended: undefined, history: undefined }
    }
    try {
      return { ...this.#commit(() => this.#doGroup(works, runs)), history: doneOf(past, 0) }
    } catch {
      // The group as a whole could not be committed and is undone: what fits must not suffer from what does not.
      const replies = requests.map((request) => this.#answerAlone(request))
      return { replies, appended: this.#appendApart(runs), history: doneOf(past, this.#rememberApart(past)) }
    }
  }

  /** Writes back the journal and closes the file. Calls after that fail with `storage_failed`. */
  close(): void {
    if (!this.#database.open) return
    try {
      this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    } catch {
      // Nothing is lost by that: the journal stays, and the next start reads it.
    }
    this.#witness?.close()
    this.#database.close()
  }

  /** The commit of the call is what shows that the disk takes something. */
  #probe(): StoreCalls['probeStore']['give'] {
    this.#database.exec(`UPDATE counters SET value = value + 1 WHERE name = 'probes'`)
    const damaged = this.inboxes().countInboxes().damaged + this.history().damaged
    return { isFull: !this.#hasRoom(), damaged }
  }

  #doGroup(works: readonly StoreWork[], runs: readonly TicketedRun[]): Omit<BatchOutcome, 'history'> {
    const replies: StoreReply[] = []
    const refused: AppendedMessage['refused'][number][] = []
    for (const work of works) {
      if (isHistoryRun(work)) {
        this.history().append(work)
        continue
      }
      if (!isRun(work)) {
        replies.push(this.#answerInGroup(work))
        continue
      }
      const refusal = this.inboxes().append(work)
      if (refusal !== undefined) refused.push({ ticket: work.ticket, ...refusal })
    }
    return { replies, appended: this.#appended(runs, refused) }
  }

  #appended(runs: readonly TicketedRun[], refused: AppendedMessage['refused']): AppendedMessage | undefined {
    const first = runs[0]?.ticket
    if (first === undefined) return undefined
    return { first, count: runs.length, refused, removed: this.inboxes().takeRemoved() }
  }

  /**
   * Stores runs in a commit of their own. When that fails for what lies in them, in halves, so that one that is wrong
   * harms no other; when it fails because of the disk, all are refused.
   */
  #appendApart(runs: readonly TicketedRun[]): AppendedMessage | undefined {
    const first = runs[0]
    if (first === undefined) return undefined
    if (!this.#hasRoom()) return this.#refuseAll(runs, 'storage_full')
    try {
      return this.#commit(() => this.#doGroup(runs, runs).appended)
    } catch (error) {
      if (runs.length === 1 || isFaultOfDisk(error))
        return this.#refuseAll(runs, appendFaultOf(toStoreError(error, this.path)))
      const middle = runs.length >>> 1
      const halves = [this.#appendApart(runs.slice(0, middle)), this.#appendApart(runs.slice(middle))]
      return {
        first: first.ticket,
        count: runs.length,
        refused: halves.flatMap((half) => half?.refused ?? []),
        removed: halves.flatMap((half) => half?.removed ?? []),
      }
    }
  }

  /** Puts runs into the history, in a commit of their own. Gives how many could not be written: nobody waits for one of them. */
  #rememberApart(past: readonly HistoryRun[]): number {
    if (past.length === 0) return 0
    try {
      this.#commit(() => this.#doGroup(past, []))
      return 0
    } catch (error) {
      if (past.length === 1 || isFaultOfDisk(error)) return past.length
      const middle = past.length >>> 1
      return this.#rememberApart(past.slice(0, middle)) + this.#rememberApart(past.slice(middle))
    }
  }

  /** Refuses runs, but for what is there already: a storage thread may have died between its commit and its answer. */
  #refuseAll(runs: readonly TicketedRun[], code: AppendFault): AppendedMessage | undefined {
    const refused = runs.flatMap((run) => {
      const from = this.inboxes().storedPart(run)
      return from === run.count ? [] : [{ ticket: run.ticket, from, code }]
    })
    return this.#appended(runs, refused)
  }

  /** Room on the disk, or within the file where much was removed. */
  #hasRoom(): boolean {
    if (this.#reserve.hasRoom()) return true
    const row = this.#database.prepare('PRAGMA freelist_count').get([])
    return (row as { readonly freelist_count: number }).freelist_count >= freePagesEnough
  }

  #answer(request: StoreRequest): StoreReply {
    try {
      return { id: request.id, give: this.#do(request) }
    } catch (error) {
      return failure(request, toStoreError(error, this.path))
    }
  }

  /** A savepoint for each call that writes to accounts, so that one that fails half-way is undone without the others. */
  #answerInGroup(request: StoreRequest): StoreReply {
    // What fails here has changed inboxes in memory by half: the whole group is undone and done again singly.
    if (inboxWrites.has(request.call)) return { id: request.id, give: this.#do(request) }
    if (inboxReads.has(request.call)) this.inboxes().flush()
    if (!accountWrites.has(request.call)) return this.#answer(request)
    this.#database.exec('SAVEPOINT request')
    const reply = this.#answer(request)
    // After some faults, a full disk for one, SQLite has rolled back the whole group: then all start again singly.
    if (!this.#database.inTransaction) throw new Error('the transaction of the group is gone')
    this.#database.exec('error' in reply ? 'ROLLBACK TO request; RELEASE request' : 'RELEASE request')
    return reply
  }

  #answerAlone(request: StoreRequest): StoreReply {
    if (!isWrite(request.call)) return this.#answer(request)
    try {
      return { id: request.id, give: this.#commitTwice(() => this.#do(request)) }
    } catch (error) {
      return failure(request, toStoreError(error, this.path))
    }
  }

  /** Once more when the disk was full: the room kept for that was given up meanwhile. */
  #commitTwice<Result>(work: () => Result): Result {
    try {
      return this.#commit(work)
    } catch (error) {
      if (toStoreError(error, this.path).code !== 'storage_full') throw error
      return this.#commit(work)
    }
  }

  #commit<Result>(work: () => Result): Result {
    // IMMEDIATE takes the write lock at once; a lock taken later can fail without waiting for the other writer.
    this.#database.exec('BEGIN IMMEDIATE')
    const changes = this.#countChanges()
    try {
      const result = work()
      this.#inboxes?.flush()
      this.#history?.flush()
      // Of accounts and of the history, too, it must be found when the journal has lost its end.
      if (this.#countChanges() > changes) this.#inboxes?.countCommit()
      this.#files.check()
      this.#database.exec('COMMIT')
      this.#history?.committed()
      if (this.#inboxes !== undefined) this.#witness?.note(this.#inboxes.committed())
      return result
    } catch (error) {
      if (this.#database.inTransaction) this.#database.exec('ROLLBACK')
      this.#inboxes?.rolledBack()
      this.#history?.rolledBack()
      if (toStoreError(error, this.path).code === 'storage_full') this.#reserve.giveUp()
      throw error
    }
  }

  /** Rows that were changed since the database was opened. */
  #countChanges(): number {
    return (this.#changes.get([]) as { readonly count: number }).count
  }

  #do(request: StoreRequest): unknown {
    // Name and input belong together, but the compiler can't see that of a union.
    const call = this.#calls[request.call] as (take: unknown) => unknown
    return call(request.take)
  }
}

function isRun(work: StoreWork): work is TicketedRun {
  return 'ticket' in work
}

function isHistoryRun(work: StoreWork): work is HistoryRun {
  return 'from' in work
}

/** What became of runs for the history. */
function doneOf(past: readonly HistoryRun[], lost: number): HistoryDoneMessage | undefined {
  return past.length === 0 ? undefined : { count: past.length, lost }
}

function isWrite(name: StoreCallName): boolean {
  return accountWrites.has(name) || inboxWrites.has(name)
}

/** Whether SQLite or the file system failed, and not this program with what it gave them. */
function isFaultOfDisk(error: unknown): boolean {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : ''
  return code !== '' && !/^SQLITE_(CONSTRAINT|MISMATCH|RANGE|TOOBIG)/.test(code)
}

function appendFaultOf(error: StoreError): AppendFault {
  return error.code === 'storage_full' ? 'storage_full' : 'storage_failed'
}

function failure(request: StoreRequest, error: StoreError): StoreReply {
  return { id: request.id, error: error.toPlain() }
}
