/**
 * The runs of one user that were accepted and are not settled yet, in their order, with their frames. Those that went to
 * the store come first, those that are only in memory (`held`) after them: a run goes to the store after all before it. Pure.
 */
import type { AppendFault } from '../../mailbox/inbox-messages.ts'
import type { Asker } from '../events.ts'

/** Where a run is. `order` counts the runs of the user that went to the store. */
export type Place =
  /** In memory alone. */
  | { readonly kind: 'held' }
  /** On its way to the disk. */
  | { readonly kind: 'storing'; readonly order: number }
  | { readonly kind: 'stored'; readonly order: number }
  /** The store has refused the frames from the index `from` on; those before it are stored. */
  | { readonly kind: 'refused'; readonly order: number; readonly from: number; readonly code: AppendFault }

/** One run: consecutive messages from one sender. */
export interface Entry {
  /** The number of its first message. */
  readonly seq: number
  readonly count: number
  readonly frames: Buffer
  /** Keys by which repeats are known, one a frame; undefined when its sender gave no ids. */
  readonly keys: Uint8Array | undefined
  /** Who is to be told, and by whom it was sent; its `callbackIds` are none, or one a frame. */
  readonly asker: Asker | undefined
  /** The sender, who hears of it when it has to make room; undefined for the server's own messages. */
  readonly from: string | undefined
  /** Unix milliseconds. */
  readonly acceptedAt: number
  /** Its mark in the trace; -1: none. */
  readonly mark: number
  place: Place
  /** So many of the first frames were acknowledged by a device. */
  acknowledged: number
  /** So many of the first frames have their answer. */
  answered: number
  /** Writes to clients that do not acknowledge: how many are open, and whether one has completed. */
  writes: { open: number; isWritten: boolean }
}

/** The number of a run's last message. */
export function lastSeqOf(entry: Entry): number {
  return entry.seq + entry.count - 1
}

/** Whether nothing more is to be told of a run, and nothing to be heard. */
export function isSettled(entry: Entry): boolean {
  return entry.answered === entry.count && entry.place.kind !== 'storing'
}

/** See the head of the file. */
export class Window {
  /** In the order of their numbers. */
  readonly entries: Entry[] = []
  /** How many of them went to the store. */
  #appended = 0
  #bytes = 0

  /** Bytes of all frames. */
  get bytes(): number {
    return this.#bytes
  }

  /** Adds a run behind all others. It is held. */
  push(entry: Entry): void {
    this.entries.push(entry)
    this.#bytes += entry.frames.length
  }

  /** Those that are in memory alone and wanted: not settled ones. */
  held(): readonly Entry[] {
    return this.entries.slice(this.#appended).filter((entry) => !isSettled(entry))
  }

  /** The first that is in memory alone and not settled. */
  oldestHeld(): Entry | undefined {
    for (let index = this.#appended; index < this.entries.length; index++) {
      const entry = this.entries[index] as Entry
      if (!isSettled(entry)) return entry
    }
    return undefined
  }

  /** A held run goes to the store; so must all held ones before it, and none of those may be asked for again. */
  noteAppended(entry: Entry, order: number): void {
    entry.place = { kind: 'storing', order }
    this.#appended = this.entries.indexOf(entry, this.#appended) + 1
  }

  /** The run with a number. */
  find(seq: number): Entry | undefined {
    let low = 0
    let high = this.entries.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (lastSeqOf(this.entries[middle] as Entry) < seq) low = middle + 1
      else high = middle
    }
    const entry = this.entries[low]
    return entry !== undefined && entry.seq <= seq ? entry : undefined
  }

  /** Drops settled runs from the front until `bytesMax` is kept. Gives them. */
  dropSettled(bytesMax: number): readonly Entry[] {
    let count = 0
    for (let index = 0; index < this.entries.length && this.#bytes > bytesMax; index++) {
      const entry = this.entries[index] as Entry
      if (!isSettled(entry)) break
      this.#bytes -= entry.frames.length
      count++
    }
    this.#appended = Math.max(0, this.#appended - count)
    return count === 0 ? none : this.entries.splice(0, count)
  }
}

const none: readonly Entry[] = []
