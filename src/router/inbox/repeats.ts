/**
 * The ids of messages that were accepted, by which repeats are recognised. Fixed-size entries in typed arrays: a ring in
 * the order of acceptance, and a hash table over it (open addressing, linear probing, removal by shifting back). When it is
 * full, the oldest goes. Ids are keyed hashes that others made, so their first word is as good as random. Pure.
 */
import { journalEntryBytes } from '../../mailbox/inbox-messages.ts'
import { messageKeyBytes } from '../../mailbox/message-key.ts'

/** What became of a message: nothing yet, or its first answer. */
export type RepeatStatus = 'pending' | 'delivered' | 'stored' | 'sent'

/** What is remembered of a message. */
export interface Remembered {
  /** Names the entry: no other has, or ever had, this number. */
  readonly number: number
  readonly status: RepeatStatus
  /** 0 for a message without a number, one to a client that does not acknowledge. */
  readonly epoch: number
  readonly seq: number
  /** Whether type, receiver and content are the same. */
  readonly isSame: boolean
}

/** How an entry is written at first. */
export interface NewEntry {
  readonly status: RepeatStatus
  readonly epoch: number
  readonly seq: number
  /** Unix milliseconds. */
  readonly now: number
}

const statuses: readonly RepeatStatus[] = ['pending', 'delivered', 'stored', 'sent']
const FREE = 0
/** Words of an id, and the word after them that stands for the content. */
const ID_WORDS = 3
const WORDS = 4
const initialEntries = 1024

// Within an entry of the journal: id and content first, as they are in memory.
const SEQ_AT = 16
const EPOCH_AT = 24
const TIME_AT = 28
/** Behind the six bytes of the number and one that is not used. */
const STATUS_AT = 23

/** See the head of the file. */
export class Repeats {
  readonly #entriesMax: number
  #capacity: number
  #words: Uint32Array
  #seqs: Float64Array
  #epochs: Uint32Array
  /** `FREE`, or one more than the place in `statuses`. */
  #statuses: Uint8Array
  /** Slots, one more each; 0 where there is none. */
  #table: Int32Array
  /** The number of the oldest entry, and of the next one: a number modulo the capacity is its slot. */
  #first = 0
  #next = 0
  #count = 0

  /** @param entriesMax the most entries, at least 1 */
  constructor(entriesMax: number) {
    this.#entriesMax = entriesMax
    this.#capacity = Math.min(initialEntries, entriesMax)
    this.#words = new Uint32Array(this.#capacity * WORDS)
    this.#seqs = new Float64Array(this.#capacity)
    this.#epochs = new Uint32Array(this.#capacity)
    this.#statuses = new Uint8Array(this.#capacity)
    this.#table = new Int32Array(tableSize(this.#capacity))
  }

  /** How many are remembered. */
  get size(): number {
    return this.#count
  }

  /** What is known of the key that begins at `at`. */
  find(keys: Uint8Array, at: number): Remembered | undefined {
    const slot = this.#slotOf(keys, at)
    if (slot === -1) return undefined
    return {
      number: this.#numberOf(slot),
      status: statuses[(this.#statuses[slot] as number) - 1] as RepeatStatus,
      epoch: this.#epochs[slot] as number,
      seq: this.#seqs[slot] as number,
      isSame: this.#words[slot * WORDS + ID_WORDS] === wordAt(keys, at, ID_WORDS),
    }
  }

  /** Remembers a key that is not known. */
  add(keys: Uint8Array, at: number, entry: NewEntry): void {
    if (this.#next - this.#first === this.#capacity) this.#makeRoom()
    const slot = this.#next++ % this.#capacity
    for (let word = 0; word < WORDS; word++) this.#words[slot * WORDS + word] = wordAt(keys, at, word)
    this.#seqs[slot] = entry.seq
    this.#epochs[slot] = entry.epoch
    this.#statuses[slot] = statuses.indexOf(entry.status) + 1
    this.#count++
    this.#link(slot)
  }

  /** Notes the first answer. Gives the number of the entry; undefined when it is not known any more. */
  settle(keys: Uint8Array, at: number, status: RepeatStatus): number | undefined {
    const slot = this.#slotOf(keys, at)
    if (slot === -1) return undefined
    this.#statuses[slot] = statuses.indexOf(status) + 1
    return this.#numberOf(slot)
  }

  /** Forgets a message that was refused: it may be sent again. Gives the number that its entry had. */
  remove(keys: Uint8Array, at: number): number | undefined {
    const slot = this.#slotOf(keys, at)
    if (slot === -1) return undefined
    this.#free(slot)
    return this.#numberOf(slot)
  }

  /** Writes what the journal keeps of a message. */
  writeEntry(keys: Uint8Array, at: number, entry: NewEntry, to: Buffer, toAt: number): void {
    to.set(keys.subarray(at, at + messageKeyBytes), toAt)
    to.writeUIntLE(entry.seq, toAt + SEQ_AT, 6)
    to[toAt + STATUS_AT - 1] = 0
    to[toAt + STATUS_AT] = statuses.indexOf(entry.status) + 1
    to.writeUInt32LE(entry.epoch, toAt + EPOCH_AT)
    to.writeUInt32LE(Math.floor(entry.now / 1000), toAt + TIME_AT)
  }

  /** Takes in entries of the journal, oldest first; a later one of the same id counts. */
  load(entries: Uint8Array): void {
    const bytes = Buffer.from(entries.buffer, entries.byteOffset, entries.length)
    for (let at = 0; at + journalEntryBytes <= bytes.length; at += journalEntryBytes) {
      const status = statuses[(bytes[at + STATUS_AT] as number) - 1]
      if (status === undefined || status === 'pending') continue
      if (this.settle(bytes, at, status) !== undefined) continue
      const seq = bytes.readUIntLE(at + SEQ_AT, 6)
      const epoch = bytes.readUInt32LE(at + EPOCH_AT)
      this.add(bytes, at, { status, seq, epoch, now: bytes.readUInt32LE(at + TIME_AT) * 1000 })
    }
  }

  #numberOf(slot: number): number {
    const behind = slot - (this.#first % this.#capacity)
    return this.#first + (behind < 0 ? behind + this.#capacity : behind)
  }

  /** Grows, or drops the oldest. */
  #makeRoom(): void {
    if (this.#capacity < this.#entriesMax) {
      this.#grow(Math.min(this.#capacity * 2, this.#entriesMax))
      return
    }
    const oldest = this.#first % this.#capacity
    if (this.#statuses[oldest] !== FREE) this.#free(oldest)
    this.#first++
  }

  #grow(capacity: number): void {
    const old = {
      words: this.#words,
      seqs: this.#seqs,
      epochs: this.#epochs,
      statuses: this.#statuses,
      capacity: this.#capacity,
    }
    this.#words = new Uint32Array(capacity * WORDS)
    this.#seqs = new Float64Array(capacity)
    this.#epochs = new Uint32Array(capacity)
    this.#statuses = new Uint8Array(capacity)
    this.#table = new Int32Array(tableSize(capacity))
    this.#capacity = capacity
    for (let number = this.#first; number < this.#next; number++) {
      const from = number % old.capacity
      const slot = number % capacity
      const status = old.statuses[from] as number
      this.#statuses[slot] = status
      if (status === FREE) continue
      this.#words.set(old.words.subarray(from * WORDS, from * WORDS + WORDS), slot * WORDS)
      this.#seqs[slot] = old.seqs[from] as number
      this.#epochs[slot] = old.epochs[from] as number
      this.#link(slot)
    }
  }

  // The hash table

  #slotOf(keys: Uint8Array, at: number): number {
    const mask = this.#table.length - 1
    const first = wordAt(keys, at, 0)
    for (let index = first & mask; ; index = (index + 1) & mask) {
      const slot = (this.#table[index] as number) - 1
      if (slot === -1) return -1
      const word = slot * WORDS
      const isIt =
        this.#words[word] === first &&
        this.#words[word + 1] === wordAt(keys, at, 1) &&
        this.#words[word + 2] === wordAt(keys, at, 2)
      if (isIt) return slot
    }
  }

  #link(slot: number): void {
    const mask = this.#table.length - 1
    let index = (this.#words[slot * WORDS] as number) & mask
    while (this.#table[index] !== 0) index = (index + 1) & mask
    this.#table[index] = slot + 1
  }

  #free(slot: number): void {
    const mask = this.#table.length - 1
    let hole = (this.#words[slot * WORDS] as number) & mask
    while (this.#table[hole] !== slot + 1) hole = (hole + 1) & mask
    // Knuth, The Art of Computer Programming 3, 6.4, algorithm R.
    for (let index = (hole + 1) & mask; this.#table[index] !== 0; index = (index + 1) & mask) {
      const home = (this.#words[((this.#table[index] as number) - 1) * WORDS] as number) & mask
      if (((index - home) & mask) < ((index - hole) & mask)) continue
      this.#table[hole] = this.#table[index] as number
      hole = index
    }
    this.#table[hole] = 0
    this.#statuses[slot] = FREE
    this.#count--
  }
}

/** At most half full. */
function tableSize(capacity: number): number {
  return 2 ** Math.ceil(Math.log2(capacity * 2))
}

function wordAt(bytes: Uint8Array, at: number, word: number): number {
  const offset = at + word * 4
  return (
    ((bytes[offset] as number) |
      ((bytes[offset + 1] as number) << 8) |
      ((bytes[offset + 2] as number) << 16) |
      ((bytes[offset + 3] as number) << 24)) >>>
    0
  )
}
