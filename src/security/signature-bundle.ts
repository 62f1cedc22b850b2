/**
 * Many signatures of messages in one block of bytes, packed where the messages arrive and verified in the pool: a structured clone of
 * single buffers costs half as much as a verification, a block that is moved costs nothing. What can be done in the pool is
 * done there: reading `Content` out of its JSON string, hashing it, decoding the signature, importing the key.
 *
 * ```text
 * keys        u16 number · for each: u16 length · modulus as the JWK's n
 * items       u32 number · for each:
 *   u16       index of the key
 *   u8        signature: 1 PS256, 2 RS256, 0 none that could be right
 *   u8        content: 0 as text, 1 as the JSON string of the envelope, with its quotes
 *   u16       length · signature in base64url
 *   u32       length · head: signedText(context, from, to, ClientMsgId, CreateTime, MsgType)
 *   u32       length · content
 * ```
 * All numbers are big-endian.
 */
import { createHash, type KeyObject } from 'node:crypto'
import { decodeBase64Url } from './base64url.ts'
import { importPublicKey, thumbprintOf } from './jwk.ts'
import { messageContext } from './message-signature.ts'
import { type RsaSignatureName, rsaVerify } from './rsa-signature.ts'

/** A signature to verify: a message's fields, where text may be bytes of UTF-8 that were checked before. */
export interface SignatureItem {
  readonly alg: RsaSignatureName
  /** The modulus of the sender's key as in its JWK; the thumbprint that is signed is made from it. */
  readonly modulus: string
  /** As in `Sign`. */
  readonly signature: string
  readonly from: string
  readonly to: string
  readonly clientMsgId: string
  readonly createTime: number
  readonly msgType: string
  /** `Content`: text, or the bytes of the JSON string as it stands in the envelope, with its quotes. */
  readonly content: string | Uint8Array
}

/** What became of an item: one byte each, in the order of adding. */
export const signatureVerdicts = { bad: 0, good: 1 } as const

const algorithmCodes = { PS256: 1, RS256: 2 } as const
const algorithmNames: readonly (RsaSignatureName | undefined)[] = [undefined, 'PS256', 'RS256']
const contentForms = { text: 0, json: 1 } as const
const loneSurrogate = /\p{Surrogate}/u
const quote = 0x22
const backslash = 0x5c
const bytesMin = 16_384
const digestBytes = 32

/** Packs items. To be used again after `take`. */
export class SignatureBundleWriter {
  #keys = new Map<string, number>()
  #items = Buffer.allocUnsafeSlow(bytesMin)
  #offset = 0
  #count = 0

  /** Items since the last `take`. */
  get count(): number {
    return this.#count
  }

  /** Bytes of the items since the last `take`. */
  get bytes(): number {
    return this.#offset
  }

  /** Adds an item and returns its index. What can't be packed, because its text is not well-formed, will be found bad. */
  add(item: SignatureItem): number {
    const { alg, modulus, signature, from, to, clientMsgId, createTime, msgType, content } = item
    const time = String(createTime)
    const sound =
      clientMsgId !== '' &&
      Number.isSafeInteger(createTime) &&
      createTime >= 0 &&
      !loneSurrogate.test(clientMsgId) &&
      !(typeof content === 'string' && loneSurrogate.test(content))
    const characters = signature.length + from.length + to.length + clientMsgId.length + time.length + msgType.length
    // A UTF-16 unit is at most 3 bytes of UTF-8; 64 are for lengths and the context.
    const contentBytes = typeof content === 'string' ? content.length * 3 : content.length
    this.#reserve(64 + characters * 3 + contentBytes)
    this.#u16(this.#keyIndex(modulus))
    this.#u8(sound ? algorithmCodes[alg] : 0)
    this.#u8(typeof content === 'string' ? contentForms.text : contentForms.json)
    this.#u16(signature.length)
    this.#offset += this.#items.write(signature, this.#offset, 'latin1')
    const headAt = this.#offset
    this.#offset += 4
    for (const part of [messageContext, from, to, clientMsgId, time, msgType]) this.#text(part)
    this.#items.writeUInt32BE(this.#offset - headAt - 4, headAt)
    if (typeof content === 'string') {
      this.#text(content)
    } else {
      this.#u32(content.length)
      this.#items.set(content, this.#offset)
      this.#offset += content.length
    }
    return this.#count++
  }

  /** The bundle, in memory of its own that may be moved to another thread. The writer is empty then. */
  take(): Uint8Array<ArrayBuffer> {
    const keys = [...this.#keys.keys()]
    const keyBytes = keys.reduce((sum, key) => sum + 2 + key.length, 0)
    const bundle = new Uint8Array(2 + keyBytes + 4 + this.#offset)
    const view = Buffer.from(bundle.buffer)
    let offset = view.writeUInt16BE(keys.length, 0)
    for (const key of keys) {
      offset = view.writeUInt16BE(key.length, offset)
      offset += view.write(key, offset, 'latin1')
    }
    offset = view.writeUInt32BE(this.#count, offset)
    bundle.set(this.#items.subarray(0, this.#offset), offset)
    this.#keys.clear()
    this.#offset = 0
    this.#count = 0
    // What one large message needed is not kept for ever.
    if (this.#items.length > bytesMin * 16) this.#items = Buffer.allocUnsafeSlow(bytesMin)
    return bundle
  }

  #keyIndex(modulus: string): number {
    const known = this.#keys.get(modulus)
    if (known !== undefined) return known
    const index = this.#keys.size
    this.#keys.set(modulus, index)
    return index
  }

  #reserve(bytes: number): void {
    if (this.#offset + bytes <= this.#items.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#items.length * 2, this.#offset + bytes))
    larger.set(this.#items.subarray(0, this.#offset))
    this.#items = larger
  }

  #text(text: string): void {
    const length = this.#items.write(text, this.#offset + 4)
    this.#u32(length)
    this.#offset += length
  }

  #u8(value: number): void {
    this.#offset = this.#items.writeUInt8(value, this.#offset)
  }

  #u16(value: number): void {
    this.#offset = this.#items.writeUInt16BE(value, this.#offset)
  }

  #u32(value: number): void {
    this.#offset = this.#items.writeUInt32BE(value, this.#offset)
  }
}

interface SenderKey {
  readonly key: KeyObject
  /** The end of what it signs: the thumbprint, with its length. */
  readonly tail: Buffer
}

/** Keys that were imported before, at most so many: importing one costs as much as half a verification. */
export class SenderKeyCache {
  readonly #max: number
  readonly #keys = new Map<string, SenderKey | undefined>()

  constructor(max: number = 1024) {
    this.#max = max
  }

  /** The key of a modulus; undefined for one that breaks the key rules. */
  get(modulus: string): SenderKey | undefined {
    if (this.#keys.has(modulus)) return this.#keys.get(modulus)
    const key = senderKey(modulus)
    for (const oldest of this.#keys.keys()) {
      if (this.#keys.size < this.#max) break
      this.#keys.delete(oldest)
    }
    this.#keys.set(modulus, key)
    return key
  }
}

/**
 * Verifies a bundle.
 *
 * @returns a byte for each item, of `signatureVerdicts`
 * @throws RangeError for bytes that no writer made
 */
export function verifyBundle(bundle: Uint8Array, cache: SenderKeyCache): Uint8Array<ArrayBuffer> {
  const bytes = Buffer.from(bundle.buffer, bundle.byteOffset, bundle.byteLength)
  let offset = 2
  const keys = Array.from({ length: bytes.readUInt16BE(0) }, () => {
    const start = offset + 2
    offset = start + bytes.readUInt16BE(offset)
    return cache.get(bytes.toString('latin1', start, offset))
  })
  const verdicts = new Uint8Array(bytes.readUInt32BE(offset))
  offset += 4
  for (let index = 0; index < verdicts.length; index++) {
    const key = keys[bytes.readUInt16BE(offset)]
    const name = algorithmNames[bytes[offset + 2] ?? 0]
    const form = bytes[offset + 3]
    const headLengthAt = offset + 6 + bytes.readUInt16BE(offset + 4)
    const signature = decodeBase64Url(bytes.toString('latin1', offset + 6, headLengthAt))
    const headAt = headLengthAt + 4
    const contentLengthAt = headAt + bytes.readUInt32BE(headLengthAt)
    const contentAt = contentLengthAt + 4
    offset = contentAt + bytes.readUInt32BE(contentLengthAt)
    if (offset > bytes.length) throw new RangeError('a bundle of signatures is cut')
    const content = bytes.subarray(contentAt, offset)
    const digest = digestOf(form === contentForms.json ? textOfJson(content) : content)
    if (key === undefined || name === undefined || signature === undefined || digest === undefined) continue
    const text = textFor(bytes, headAt, contentLengthAt, digest, key.tail)
    if (rsaVerify(name, key.key, text, signature)) verdicts[index] = signatureVerdicts.good
  }
  if (offset !== bytes.length) throw new RangeError('a bundle of signatures is too long')
  return verdicts
}

function senderKey(modulus: string): SenderKey | undefined {
  const jwk = { kty: 'RSA', n: modulus, e: 'AQAB' } as const
  try {
    const thumbprint = thumbprintOf(jwk)
    const tail = Buffer.alloc(4 + thumbprint.length)
    tail.writeUInt32BE(thumbprint.length)
    tail.write(thumbprint, 4, 'latin1')
    return { key: importPublicKey(jwk), tail }
  } catch {
    return undefined
  }
}

/** Head, digest of the content and thumbprint, each part with its length. */
function textFor(bytes: Buffer, start: number, end: number, digest: Uint8Array, tail: Uint8Array): Buffer {
  const headBytes = end - start
  const text = Buffer.allocUnsafe(headBytes + 4 + digestBytes + tail.length)
  bytes.copy(text, 0, start, end)
  text.writeUInt32BE(digestBytes, headBytes)
  text.set(digest, headBytes + 4)
  text.set(tail, headBytes + 4 + digestBytes)
  return text
}

/** The text of a JSON string as UTF-8. Undefined where it is none, or not well-formed. */
function textOfJson(json: Buffer): Uint8Array | string | undefined {
  if (json.length < 2 || json[0] !== quote || json.at(-1) !== quote) return undefined
  if (!json.includes(backslash)) return json.subarray(1, -1)
  try {
    const text: unknown = JSON.parse(json.toString())
    return typeof text === 'string' && !loneSurrogate.test(text) ? text : undefined
  } catch {
    return undefined
  }
}

function digestOf(content: Uint8Array | string | undefined): Buffer | undefined {
  return content === undefined ? undefined : createHash('sha256').update(content).digest()
}
