/**
 * The form in which calls to the storage thread and its replies lie in the ring: one MessagePack
 * record each, in both directions. Runs to be stored have a layout of their own: `inbox-codec.ts`. Runs on: the main thread and the storage thread.
 */
import { Packr } from 'msgpackr'
import type { HistoryDoneMessage } from './history-messages.ts'
import type { AppendedMessage } from './inbox-messages.ts'
import type { StoreReply, StoreRequest } from './store-messages.ts'

/** The kind of a record that holds a {@link StoreRequest}. */
export const storeRequestKind = 1
/** The kind of a record that holds a {@link StoreReply}. */
export const storeReplyKind = 2

// Without records: those are a dialogue between one packer and one unpacker, and a thread that is
// replaced would have forgotten its half. `copyBuffers`: a value must outlive the record it came in.
const packr = new Packr({ useRecords: false, copyBuffers: true })

/** The bytes of a request. */
export function packStoreRequest(request: StoreRequest): Uint8Array {
  return packr.pack(request)
}

/** The bytes of a reply. */
export function packStoreReply(reply: StoreReply): Uint8Array {
  return packr.pack(reply)
}

/**
 * Reads a request out of a ring's memory; nothing in it refers to that memory any more.
 *
 * Both sides of the ring are this program, so a record that can't be read is a broken assumption: throws.
 */
export function unpackStoreRequest(bytes: Buffer, offset: number, payloadBytes: number): StoreRequest {
  return unpack(bytes, offset, payloadBytes) as StoreRequest
}

/** Reads a reply out of a ring's memory; see {@link unpackStoreRequest}. */
export function unpackStoreReply(bytes: Buffer, offset: number, payloadBytes: number): StoreReply {
  return unpack(bytes, offset, payloadBytes) as StoreReply
}

/** The bytes of what became of runs. */
export function packAppended(message: AppendedMessage): Uint8Array {
  return packr.pack(message)
}

/** Reads what became of runs out of a ring's memory; see {@link unpackStoreRequest}. */
export function unpackAppended(bytes: Buffer, offset: number, payloadBytes: number): AppendedMessage {
  return packr.unpack(Buffer.from(bytes.subarray(offset, offset + payloadBytes))) as AppendedMessage
}

/** The bytes of what became of runs for the history. */
export function packHistoryDone(message: HistoryDoneMessage): Uint8Array {
  return packr.pack(message)
}

/** Reads what became of runs for the history out of a ring's memory; see {@link unpackStoreRequest}. */
export function unpackHistoryDone(bytes: Buffer, offset: number, payloadBytes: number): HistoryDoneMessage {
  return packr.unpack(Buffer.from(bytes.subarray(offset, offset + payloadBytes))) as HistoryDoneMessage
}

function unpack(bytes: Buffer, offset: number, payloadBytes: number): unknown {
  // A copy first: decoders of text refuse shared memory, since it can change under them.
  const value: unknown = packr.unpack(Buffer.from(bytes.subarray(offset, offset + payloadBytes)))
  if (typeof value !== 'object' || value === null || typeof (value as { id?: unknown }).id !== 'number') {
    throw new TypeError('a record of the store mailbox holds no request and no reply')
  }
  return value
}
