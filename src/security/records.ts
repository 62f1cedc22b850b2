/**
 * The records of a sealed session: one sealer and one opener a direction. They hold the counter and the key, renew the key
 * in step, and do nothing else: what the plaintext of a record must look like is the session's business.
 *
 *     record = type (1) | ciphertext | tag (16 or 32)
 *     additional data = suite (1) | direction (1) | counter (8) | type (1) | ciphertext length (4)
 */
import type { KeyObject } from 'node:crypto'
import { hkdfExpand } from './hkdf.ts'
import type { SessionKeys } from './key-schedule.ts'
import { type RecordCipher, type RecordParameters, recordCipherOf } from './record-ciphers.ts'
import { type SuiteNumber, suiteOf } from './suites.ts'

/** What a record is, as its first byte says. */
export const recordType = {
  /** The client's first record, and only that one: its proof and its login. */
  finish: 0,
  /** Empty: a sign of life that is not answered. */
  heartbeat: 1,
  /** Empty: the last record under its key. */
  keyUpdate: 2,
  /** Empty: the end of the session, so that it can be told from a cut. */
  close: 3,
  /** One or more whole messages. */
  data: 4,
} as const
export type RecordType = (typeof recordType)[keyof typeof recordType]

/** Who seals: the client (direction 0 on the wire) or the server (1). */
export type RecordSender = 'client' | 'server'

/** How much one key may serve; the receiver allows twice as much. */
export interface KeyUse {
  readonly records: number
  /** Plaintext. */
  readonly bytes: number
}

/** What a sealer or an opener needs. */
export interface RecordOptions {
  readonly suite: SuiteNumber
  readonly sender: RecordSender
  readonly keys: SessionKeys
  /** For tests; else `keyUseMax`. */
  readonly keyUseMax?: KeyUse
  /** For tests: the number of the first record, else 0. */
  readonly firstCounter?: number
}

/** A record that was opened. */
export interface OpenedRecord {
  readonly type: RecordType
  /** Empty but for `finish` and `data`. */
  readonly plaintext: Buffer
}

/** After so much under one key, the sender renews it. */
export const keyUseMax: KeyUse = { records: 2 ** 20, bytes: 2 ** 30 }

/** The most plaintext in a record that holds more than one message. */
export const recordPlaintextBytesMax = 65_536

/** A key that has served for so many records is imported: most connections that log in and rest never get there. */
const importedAfterRecords = 2
const recordKeyBytes = 64
const ivKeyBytes = 32
const typeBytes = 1
const rekeyInfo = 'rekey'
const nothing = new Uint8Array(0)

/** Seals what one side sends. */
export class RecordSealer {
  readonly #chain: KeyChain
  readonly #use: KeyUse
  #closed = false

  constructor(options: RecordOptions) {
    this.#chain = new KeyChain(options)
    this.#use = options.keyUseMax ?? keyUseMax
  }

  /** Whether the next record must be a key update: `seal(recordType.keyUpdate)`, before anything else. */
  get keyUpdateDue(): boolean {
    return this.#chain.records >= this.#use.records || this.#chain.bytes >= this.#use.bytes
  }

  /** How many bytes a record of so much plaintext has. */
  recordLength(plaintextLength: number): number {
    const { cipher } = this.#chain
    return typeBytes + cipher.ciphertextLength(plaintextLength) + cipher.tagBytes
  }

  /**
   * Seals the next record. It must be sent, in this order: the counter has moved on.
   *
   * @param plaintext for `finish` and `data` only
   * @param into where the record comes to lie, if it has room there; else in memory of its own
   * @throws Error after `close`, for a type out of place, and when a key update was due for long: all mistakes of the caller
   */
  seal(type: RecordType, plaintext: Uint8Array = nothing, into?: Buffer): Buffer {
    const chain = this.#chain
    if (this.#closed) throw new Error('nothing can be sealed after a close record')
    if (!typeFits(type, chain)) throw new Error(`a record of type ${type} has no place here`)
    if (plaintext.length > 0 === isEmptyType(type))
      throw new Error(`a record of type ${type} can't have this plaintext`)
    if (chain.isWornOut(this.#use)) throw new Error('the record key has served for too long')
    const parameters = chain.parametersOf(type, chain.cipher.ciphertextLength(plaintext.length))
    const length = this.recordLength(plaintext.length)
    const record = into !== undefined && into.length >= length ? into.subarray(0, length) : Buffer.allocUnsafe(length)
    chain.cipher.seal(parameters, type, plaintext, record)
    chain.advance(type, plaintext.length)
    this.#closed = type === recordType.close
    return record
  }
}

/** Opens what the other side sent. After the first failure, and after a close record, it opens nothing more. */
export class RecordOpener {
  readonly #chain: KeyChain
  readonly #use: KeyUse
  #problem: string | undefined

  constructor(options: RecordOptions) {
    this.#chain = new KeyChain(options)
    this.#use = options.keyUseMax ?? keyUseMax
  }

  /** Why nothing opens any more, for the log; undefined as long as records open. */
  get problem(): string | undefined {
    return this.#problem
  }

  /**
   * Opens the next record.
   *
   * @param into where the plaintext comes to lie, if it has room there; else in memory of its own
   * @returns the record, or undefined: then the connection must end, without a word, and `problem` says why
   */
  open(record: Uint8Array, into?: Buffer): OpenedRecord | undefined {
    if (this.#problem !== undefined) return undefined
    const chain = this.#chain
    const type = record[0]
    const ciphertextLength = record.length - typeBytes - chain.cipher.tagBytes
    if (ciphertextLength < 0) return this.#fail('a record is too short')
    if (!isRecordType(type)) return this.#fail('a record has an unknown type')
    if (!typeFits(type, chain)) return this.#fail(`a record of type ${type} has no place here`)
    if (chain.isWornOut(this.#use)) return this.#fail('a record key has served for too long')
    const plaintext = chain.cipher.open(chain.parametersOf(type, ciphertextLength), record, into)
    if (plaintext === undefined) return this.#fail('a record does not open')
    if (plaintext.length > 0 === isEmptyType(type)) return this.#fail(`a record of type ${type} has the wrong length`)
    chain.advance(type, plaintext.length)
    if (type === recordType.close) this.#problem = 'the session was closed'
    return { type, plaintext }
  }

  #fail(problem: string): undefined {
    this.#problem = problem
    return undefined
  }
}

// All of this is synchronous, so that every session can write into the same memory.
const aadScratch = Buffer.alloc(15)
const counterScratch = aadScratch.subarray(2, 10)
const gcmIvScratch = Buffer.alloc(12)
const cbcIvScratch = Buffer.alloc(16)

/** The keys and the counter of one direction. */
class KeyChain {
  readonly cipher: RecordCipher
  readonly sender: RecordSender
  /** Records and plaintext bytes under the key in use. */
  records = 0
  bytes = 0
  /** The next record's number. 2^53 records of a microsecond each are 285 years. */
  counter: number
  readonly #suite: SuiteNumber
  /** Record key and IV key in memory of its own, so that an old key can be overwritten. */
  readonly #keys = new Uint8Array(recordKeyBytes + ivKeyBytes)
  #imported: KeyObject | undefined

  constructor({ suite, sender, keys, firstCounter = 0 }: RecordOptions) {
    const algorithms = suiteOf(suite)
    if (algorithms === undefined) throw new RangeError(`there is no suite ${suite}`)
    this.cipher = recordCipherOf(algorithms)
    this.sender = sender
    this.counter = firstCounter
    this.#suite = suite
    this.#keys.set((sender === 'client' ? keys.clientRecordKey : keys.serverRecordKey).reveal())
    this.#keys.set((sender === 'client' ? keys.clientIvKey : keys.serverIvKey).reveal(), recordKeyBytes)
  }

  parametersOf(type: RecordType, ciphertextLength: number): RecordParameters {
    aadScratch[0] = this.#suite
    aadScratch[1] = this.sender === 'client' ? 0 : 1
    aadScratch.writeUInt32BE(Math.floor(this.counter / 2 ** 32), 2)
    aadScratch.writeUInt32BE(this.counter >>> 0, 6)
    aadScratch[10] = type
    aadScratch.writeUInt32BE(ciphertextLength, 11)
    const iv = this.cipher.ivBytes === gcmIvScratch.length ? gcmIvScratch : cbcIvScratch
    this.cipher.writeIv(iv, this.#keys.subarray(recordKeyBytes), counterScratch)
    if (this.records === importedAfterRecords) this.#imported ??= this.cipher.importKey(this.#keys)
    return { key: this.#keys, imported: this.#imported, iv, aad: aadScratch }
  }

  advance(type: RecordType, plaintextLength: number): void {
    this.counter++
    this.records++
    this.bytes += plaintextLength
    if (type !== recordType.keyUpdate) return
    this.#keys.set(hkdfExpand(this.#keys.subarray(0, recordKeyBytes), rekeyInfo, recordKeyBytes))
    this.#imported = undefined
    this.records = 0
    this.bytes = 0
  }

  isWornOut({ records, bytes }: KeyUse): boolean {
    return this.records >= 2 * records || this.bytes >= 2 * bytes
  }
}

function isRecordType(type: number | undefined): type is RecordType {
  return type !== undefined && type <= recordType.data
}

function isEmptyType(type: RecordType): boolean {
  return type !== recordType.data && type !== recordType.finish
}

/** `finish` is the client's first record and nothing else. */
function typeFits(type: RecordType, { sender, counter }: KeyChain): boolean {
  return (type === recordType.finish) === (sender === 'client' && counter === 0)
}
