/**
 * The transcript of a handshake: a hash over the exact bytes of its three frames, and the two places (`Finish`, `Mac`)
 * where a frame ends in a MAC over all that comes before it.
 */
import { createHash } from 'node:crypto'
import { decodeBase64Url } from './base64url.ts'
import { signedText } from './signed-text.ts'

/** The bodies of the handshake's frames, without START, END or length. */
export interface TranscriptBodies {
  /** Frame 1, `PlatformKeyMessage`. */
  readonly offer: Uint8Array
  /** Frame 2, `TerminalKeyMessage`. */
  readonly terminal: Uint8Array
  /** Frame 3, `PlatformFinish`, up to and without its member `Finish`. */
  readonly finishHead: Uint8Array
}

/** A body that ends in a MAC, taken apart. */
export interface MacedBody {
  /** What the MAC is over. */
  readonly head: Buffer
  /** The MAC: 32 bytes. */
  readonly mac: Buffer
}

/** A MAC's base64url: 32 bytes. */
const macBytes = 32
const macCharacters = 43

/** The hash that binds everything: keys, finish MACs and the client's signature are made from it. */
export function transcriptHash({ offer, terminal, finishHead }: TranscriptBodies): Buffer {
  return createHash('sha256')
    .update(signedText('parley sealed v1', offer, terminal, finishHead))
    .digest()
}

/** Takes frame 3 apart: it must end in exactly `,\"Finish\":\"<43 characters>\"}"}`. Undefined when it does not. */
export function splitFinish(body: Uint8Array): MacedBody | undefined {
  return splitMac(body, 'Finish')
}

/** Takes frame 2 of a resumption apart: it must end in exactly `,\"Mac\":\"<43 characters>\"}"}`. */
export function splitTicketMac(body: Uint8Array): MacedBody | undefined {
  return splitMac(body, 'Mac')
}

/** The end of frame 3. */
export function finishTail(mac: Uint8Array): string {
  return tailOf('Finish', Buffer.from(mac).toString('base64url'))
}

/** The end of frame 2 of a resumption. */
export function ticketMacTail(mac: Uint8Array): string {
  return tailOf('Mac', Buffer.from(mac).toString('base64url'))
}

function tailOf(member: 'Finish' | 'Mac', text: string): string {
  return `,\\"${member}\\":\\"${text}\\"}"}`
}

function splitMac(body: Uint8Array, member: 'Finish' | 'Mac'): MacedBody | undefined {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  const tailLength = tailOf(member, '').length + macCharacters
  if (bytes.length <= tailLength) return undefined
  const tail = bytes.toString('latin1', bytes.length - tailLength)
  const start = tail.length - macCharacters - closing.length
  const text = tail.slice(start, start + macCharacters)
  const mac = decodeBase64Url(text, macBytes)
  if (mac === undefined || tail !== tailOf(member, text)) return undefined
  return { head: bytes.subarray(0, bytes.length - tailLength), mac }
}

const closing = '\\"}"}'
