/**
 * The entry of the storage thread. It owns the database: takes the requests of one look into its mailbox as one
 * batch, commits them together, and only then sends the replies. Runs on: the storage thread.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { readHistoryRun, storeHistoryDoneKind, storeHistoryKind } from '../mailbox/history-codec.ts'
import { readRun, storeAppendedKind, storeAppendKind } from '../mailbox/inbox-codec.ts'
import type { AppendedMessage } from '../mailbox/inbox-messages.ts'
import { Mailbox } from '../mailbox/mailbox.ts'
import {
  packAppended,
  packHistoryDone,
  packStoreReply,
  storeReplyKind,
  storeRequestKind,
  unpackStoreRequest,
} from '../mailbox/store-codec.ts'
import type { StoreReply } from '../mailbox/store-messages.ts'
import { type LocalStore, openLocalStore, type StoreWork } from './local-store.ts'
import { spaceReserveBytes } from './space-reserve.ts'
import { toStoreError } from './sqlite-errors.ts'
import type { StoreThreadData, StoreThreadStarted } from './store-thread-messages.ts'

/** Records of one batch, and so of one commit: bounded by the ring first. */
const batchRecordsMax = 16_384

/** A record for the other side. */
interface Answer {
  readonly kind: number
  readonly packed: Uint8Array
}

/** Serves one mailbox from one store until the other side closes it. */
class StoreThread {
  readonly #store: LocalStore
  readonly #mailbox: Mailbox
  #batch: StoreWork[] = []
  /** Answers that did not fit into the ring. Bounded: the asker limits how many it waits for. */
  #unsent: Answer[] = []

  constructor(store: LocalStore, data: StoreThreadData) {
    this.#store = store
    const handlers = {
      record: (kind: number, offset: number, payloadBytes: number) => this.#onRecord(kind, offset, payloadBytes),
      batchEnd: () => this.#onBatchEnd(),
      space: () => this.#flush(),
      closed: () => this.#store.close(),
    }
    this.#mailbox = new Mailbox(data.mailbox, handlers, batchRecordsMax)
  }

  #onRecord(kind: number, offset: number, payloadBytes: number): boolean {
    const { bytes } = this.#mailbox.inbox
    if (kind === storeAppendKind) this.#batch.push(readRun(bytes, offset, payloadBytes))
    else if (kind === storeHistoryKind) this.#batch.push(readHistoryRun(bytes, offset, payloadBytes))
    else if (kind === storeRequestKind) this.#batch.push(unpackStoreRequest(bytes, offset, payloadBytes))
    else throw new RangeError(`the storage thread takes no records of kind ${kind}`)
    return true
  }

  #onBatchEnd(): void {
    const batch = this.#batch
    this.#batch = []
    if (batch.length === 0) return
    const { replies, appended, history } = this.#store.runBatch(batch)
    if (appended !== undefined) this.#packAppended(appended)
    if (history !== undefined) this.#unsent.push({ kind: storeHistoryDoneKind, packed: packHistoryDone(history) })
    for (const reply of replies) this.#unsent.push({ kind: storeReplyKind, packed: this.#pack(reply) })
    this.#flush()
  }

  /** In several records when one is too long: what was removed goes ahead, the answer to the runs comes last. */
  #packAppended(appended: AppendedMessage): void {
    const packed = packAppended(appended)
    const { removed } = appended
    if (packed.length <= this.#mailbox.outbox.payloadBytesMax || removed.length < 2) {
      this.#unsent.push({ kind: storeAppendedKind, packed })
      return
    }
    const middle = removed.length >>> 1
    this.#packAppended({ first: appended.first, count: 0, refused: [], removed: removed.slice(0, middle) })
    this.#packAppended({ ...appended, removed: removed.slice(middle) })
  }

  #pack(reply: StoreReply): Uint8Array {
    const packed = packStoreReply(reply)
    if (packed.length <= this.#mailbox.outbox.payloadBytesMax) return packed
    return packStoreReply({
      id: reply.id,
      error: { code: 'storage_failed', message: 'The answer of the store is too long: ask for less at once.' },
    })
  }

  #flush(): void {
    const { outbox } = this.#mailbox
    let sent = 0
    for (const { kind, packed } of this.#unsent) {
      const offset = outbox.reserve(packed.length)
      if (offset === -1) break
      outbox.bytes.set(packed, offset)
      outbox.commit(kind, packed.length)
      sent++
    }
    this.#unsent.splice(0, sent)
    if (this.#unsent.length > 0) this.#mailbox.waitForSpace()
    else this.#mailbox.publish()
  }
}

function start(data: StoreThreadData): void {
  let started: StoreThreadStarted = { kind: 'open' }
  try {
    const { dataDir, inboxes, history } = data
    const store = openLocalStore({
      dataDir,
      reserveBytes: spaceReserveBytes,
      ...(inboxes === undefined ? {} : { inboxes }),
      ...(history === undefined ? {} : { history }),
    })
    // Now, and not at somebody's login: it takes its time, and may find the file damaged.
    store.inboxes()
    new StoreThread(store, data)
  } catch (error) {
    started = { kind: 'refused', error: toStoreError(error, data.dataDir).toPlain() }
    data.mailbox.port.close()
  }
  parentPort?.postMessage(started)
}

// `workerData` is typed `any`; startStoreThread, the only starter, makes it of this type.
start(workerData as StoreThreadData)
