/**
 * The entry of the storage thread. It owns the database: takes the requests of one look into its mailbox as one
 * batch, commits them together, and only then sends the replies. Runs on: the storage thread.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { Mailbox } from '../mailbox/mailbox.ts'
import { packStoreReply, storeReplyKind, storeRequestKind, unpackStoreRequest } from '../mailbox/store-codec.ts'
import type { StoreReply, StoreRequest } from '../mailbox/store-messages.ts'
import { type LocalStore, openLocalStore } from './local-store.ts'
import { toStoreError } from './sqlite-errors.ts'
import type { StoreThreadData, StoreThreadStarted } from './store-thread-messages.ts'

/** Serves one mailbox from one store until the other side closes it. */
class StoreThread {
  readonly #store: LocalStore
  readonly #mailbox: Mailbox
  #batch: StoreRequest[] = []
  /** Replies that did not fit into the ring. Bounded: the asker limits how many it waits for. */
  #unsent: Uint8Array[] = []

  constructor(store: LocalStore, data: StoreThreadData) {
    this.#store = store
    this.#mailbox = new Mailbox(data.mailbox, {
      record: (kind, offset, payloadBytes) => this.#onRecord(kind, offset, payloadBytes),
      batchEnd: () => this.#onBatchEnd(),
      space: () => this.#flush(),
      closed: () => this.#store.close(),
    })
  }

  #onRecord(kind: number, offset: number, payloadBytes: number): boolean {
    if (kind !== storeRequestKind) throw new RangeError(`the storage thread takes no records of kind ${kind}`)
    this.#batch.push(unpackStoreRequest(this.#mailbox.inbox.bytes, offset, payloadBytes))
    return true
  }

  #onBatchEnd(): void {
    const batch = this.#batch
    this.#batch = []
    if (batch.length === 0) return
    for (const reply of this.#store.runBatch(batch)) this.#unsent.push(this.#pack(reply))
    this.#flush()
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
    for (const packed of this.#unsent) {
      const offset = outbox.reserve(packed.length)
      if (offset === -1) break
      outbox.bytes.set(packed, offset)
      outbox.commit(storeReplyKind, packed.length)
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
    new StoreThread(openLocalStore({ dataDir: data.dataDir }), data)
  } catch (error) {
    started = { kind: 'refused', error: toStoreError(error, data.dataDir).toPlain() }
    data.mailbox.port.close()
  }
  parentPort?.postMessage(started)
}

// `workerData` is typed `any`; startStoreThread, the only starter, makes it of this type.
start(workerData as StoreThreadData)
