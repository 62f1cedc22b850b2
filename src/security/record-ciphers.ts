/** The two ciphers of records: A256GCM, and A256CBC-HS512 of RFC 7518 for libraries that have no GCM. */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  type KeyObject,
  timingSafeEqual,
} from 'node:crypto'
import { release } from './release.ts'
import type { Suite } from './suites.ts'

/** Everything that goes into one record besides its bytes. All of it may be scratch memory: nothing is kept. */
export interface RecordParameters {
  /** 64 bytes; A256GCM takes the first 32. */
  readonly key: Uint8Array
  /** The same as `importKey` made it, where it did. */
  readonly imported: KeyObject | undefined
  /** What `writeIv` made. */
  readonly iv: Uint8Array
  /** The additional data. */
  readonly aad: Uint8Array
}

/** A cipher for records. */
export interface RecordCipher {
  readonly ivBytes: number
  readonly tagBytes: number
  /** How long the ciphertext of so many bytes is. */
  ciphertextLength(plaintextLength: number): number
  /** Writes the IV of a record: `counter` is its 8 bytes big-endian, `ivKey` 32 bytes. */
  writeIv(iv: Uint8Array, ivKey: Uint8Array, counter: Uint8Array): void
  /** Writes the whole record: type, ciphertext, tag. It fits exactly. */
  seal(parameters: RecordParameters, type: number, plaintext: Uint8Array, record: Buffer): void
  /**
   * The plaintext, or undefined when the tag is not right. The record is long enough. It comes to lie in `into` if that has room,
   * else in memory of its own.
   */
  open(parameters: RecordParameters, record: Uint8Array, into?: Buffer): Buffer | undefined
  /** A key in the form in which the cipher starts fastest, for one that serves more than a few records. */
  importKey(key: Uint8Array): KeyObject | undefined
}

/** Which cipher a suite has. */
export function recordCipherOf(suite: Suite): RecordCipher {
  return suite.records === 'A256GCM' ? gcm : cbc
}

const typeBytes = 1
const counterBytes = 8

const gcmKeyBytes = 32
const gcmTagBytes = 16
const gcmIvBytes = 12

// Without authTagLength Node would take a tag of 4 bytes for good when it opens.
const gcmOptions = { authTagLength: gcmTagBytes }

const gcm: RecordCipher = {
  ivBytes: gcmIvBytes,
  tagBytes: gcmTagBytes,
  ciphertextLength: (plaintextLength) => plaintextLength,

  writeIv(iv, ivKey, counter) {
    for (let index = 0; index < gcmIvBytes; index++) {
      const counterIndex = index - (gcmIvBytes - counterBytes)
      iv[index] = (ivKey[index] ?? 0) ^ (counter[counterIndex] ?? 0)
    }
  },

  // With a key as bytes Node 24 needs some 9 µs to start, with a KeyObject 1.
  importKey: (key) => createSecretKey(key.subarray(0, gcmKeyBytes)),

  seal({ key, imported, iv, aad }, type, plaintext, record) {
    const cipher = createCipheriv('aes-256-gcm', imported ?? key.subarray(0, gcmKeyBytes), iv, gcmOptions)
    cipher.setAAD(aad)
    const ciphertext = cipher.update(plaintext)
    cipher.final()
    record[0] = type
    record.set(ciphertext, typeBytes)
    release(ciphertext)
    record.set(cipher.getAuthTag(), record.length - gcmTagBytes)
  },

  open({ key, imported, iv, aad }, record, into) {
    const decipher = createDecipheriv('aes-256-gcm', imported ?? key.subarray(0, gcmKeyBytes), iv, gcmOptions)
    decipher.setAAD(aad)
    decipher.setAuthTag(record.subarray(record.length - gcmTagBytes))
    const plaintext = decipher.update(record.subarray(typeBytes, record.length - gcmTagBytes))
    try {
      decipher.final()
    } catch {
      return undefined
    }
    return moved(plaintext, into)
  },
}

/** Puts bytes into memory that is used again, where that is given and has room, and gives their own back. */
function moved(bytes: Buffer, into: Buffer | undefined): Buffer {
  if (into === undefined || into.length < bytes.length) return bytes
  into.set(bytes)
  const kept = into.subarray(0, bytes.length)
  release(bytes)
  return kept
}

const blockBytes = 16
const cbcTagBytes = 32
const macKeyBytes = 32
const cbcKeyBytes = 32

/** RFC 7518 section 5.2.5. */
const cbc: RecordCipher = {
  ivBytes: blockBytes,
  tagBytes: cbcTagBytes,
  ciphertextLength: (plaintextLength) => plaintextLength - (plaintextLength % blockBytes) + blockBytes,

  writeIv(iv, ivKey, counter) {
    iv.set(createHmac('sha256', ivKey).update(counter).digest().subarray(0, blockBytes))
  },

  importKey: () => undefined,

  seal({ key, iv, aad }, type, plaintext, record) {
    const cipher = createCipheriv('aes-256-cbc', key.subarray(macKeyBytes, macKeyBytes + cbcKeyBytes), iv)
    const first = cipher.update(plaintext)
    const last = cipher.final()
    record[0] = type
    record.set(first, typeBytes)
    record.set(last, typeBytes + first.length)
    release(first)
    const tagStart = record.length - cbcTagBytes
    record.set(cbcTag(key, iv, aad, record.subarray(typeBytes, tagStart)), tagStart)
  },

  open({ key, iv, aad }, record, into) {
    const tagStart = record.length - cbcTagBytes
    const ciphertext = record.subarray(typeBytes, tagStart)
    if (ciphertext.length === 0 || ciphertext.length % blockBytes !== 0) return undefined
    // Before any decryption: padding is never looked at in what the sender did not make.
    if (!timingSafeEqual(cbcTag(key, iv, aad, ciphertext), record.subarray(tagStart))) return undefined
    const decipher = createDecipheriv('aes-256-cbc', key.subarray(macKeyBytes, macKeyBytes + cbcKeyBytes), iv)
    const first = decipher.update(ciphertext)
    try {
      const last = decipher.final()
      return moved(last.length === 0 ? first : Buffer.concat([first, last]), into)
    } catch {
      return undefined
    }
  },
}

const aadBitLength = Buffer.alloc(8)

function cbcTag(key: Uint8Array, iv: Uint8Array, aad: Uint8Array, ciphertext: Uint8Array): Buffer {
  aadBitLength.writeUInt32BE(aad.length * 8, 4)
  return createHmac('sha512', key.subarray(0, macKeyBytes))
    .update(aad)
    .update(iv)
    .update(ciphertext)
    .update(aadBitLength)
    .digest()
    .subarray(0, cbcTagBytes)
}
