/** Frame 3, `PlatformFinish`: where both sides derive the session keys, and the server shows with a MAC that it has them. */
import { createHmac } from 'node:crypto'
import { type Members, readHandshakeBody, writeHandshakeBody } from './handshake-body.ts'
import { deriveSessionKeys, readSessionKeys, type SessionKeys } from './key-schedule.ts'
import { type Secret, secretsEqual } from './secret.ts'
import { finishTail, splitFinish, transcriptHash } from './transcript.ts'

/** The two frames before. */
export interface FramesBefore {
  readonly offerBody: Uint8Array
  readonly terminalBody: Uint8Array
}

/** What a server has after frame 3. */
export interface FinishMade {
  readonly body: Buffer
  /** All session keys: 320 bytes. */
  readonly packedKeys: Secret
  readonly transcript: Buffer
}

/** What a client has after frame 3. */
export interface FinishTaken {
  readonly keys: SessionKeys
  readonly transcript: Buffer
}

const msgType = 'PlatformFinish'
/** What `writeHandshakeBody` ends with, in whose place the MAC comes. */
const closing = '}"}'

/**
 * Writes frame 3.
 *
 * @param members all but `Finish`
 * @param inputKey what both sides know (see `deriveSessionKeys`)
 */
export function makeFinish(
  frames: FramesBefore,
  members: Members,
  options: { readonly createTime: number; readonly inputKey: Uint8Array },
): FinishMade {
  const head = writeHandshakeBody(msgType, options.createTime, members).slice(0, -closing.length)
  const transcript = transcriptOf(frames, Buffer.from(head, 'latin1'))
  const packedKeys = deriveSessionKeys(options.inputKey, transcript)
  const mac = macOf(readSessionKeys(packedKeys).serverFinishKey, transcript)
  return { body: Buffer.from(head + finishTail(mac), 'latin1'), packedKeys, transcript }
}

/** The members of frame 3, or undefined when it is not one. Its MAC is not checked yet. */
export function readFinish(body: Uint8Array): Members | undefined {
  return readHandshakeBody(body, msgType)
}

/** Derives the keys on the client's side, and checks the MAC. Undefined when it is not right. */
export function takeFinishMac(frames: FramesBefore, body: Uint8Array, inputKey: Uint8Array): FinishTaken | undefined {
  const parts = splitFinish(body)
  if (parts === undefined) return undefined
  const transcript = transcriptOf(frames, parts.head)
  const keys = readSessionKeys(deriveSessionKeys(inputKey, transcript))
  return secretsEqual(macOf(keys.serverFinishKey, transcript), parts.mac) ? { keys, transcript } : undefined
}

/** A finish MAC: of the server in frame 3, of the client in its first record. */
export function macOf(finishKey: Secret, transcript: Uint8Array): Buffer {
  return createHmac('sha256', finishKey.reveal()).update(transcript).digest()
}

function transcriptOf({ offerBody, terminalBody }: FramesBefore, finishHead: Uint8Array): Buffer {
  return transcriptHash({ offer: offerBody, terminal: terminalBody, finishHead })
}
