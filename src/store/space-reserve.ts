/**
 * Room on the disk that is kept for bad times: a file of zeros beside the database. On a full disk even removing needs
 * room, for SQLite writes what changes before it frees anything. So when the disk is full the reserve is given up:
 * acknowledgements and the operator's changes go on, messages are refused until the reserve is there again.
 */
import { closeSync, openSync, rmSync, statSync, writeSync } from 'node:fs'

/** The name of the file is that of the database and this. */
export const reserveSuffix = '-reserve'

/** What the server keeps: twice what SQLite's journal grows to before it is written back. */
export const spaceReserveBytes: number = 8 * 2 ** 20

/** Looks for room no more often than this: each look may write the whole reserve. */
const lookEveryMs = 500
const chunk = Buffer.alloc(2 ** 20)

/** See the head of the file. */
export class SpaceReserve {
  readonly #path: string
  readonly #bytes: number
  readonly #monotonic: () => number
  #isHeld: boolean
  #lastLook = Number.NEGATIVE_INFINITY

  /** @param bytes 0: no reserve is kept, and there is always room */
  constructor(databasePath: string, bytes: number, monotonic: () => number) {
    this.#path = databasePath + reserveSuffix
    this.#bytes = bytes
    this.#monotonic = monotonic
    this.#isHeld = this.#hold()
  }

  /** Whether the room is there, as last looked. */
  get isHeld(): boolean {
    return this.#isHeld
  }

  /** Whether messages may be stored. Looks for room when there was none last time, but not every time. */
  hasRoom(): boolean {
    if (this.#isHeld) return true
    const now = this.#monotonic()
    if (now - this.#lastLook < lookEveryMs) return false
    this.#lastLook = now
    this.#isHeld = this.#hold()
    return this.#isHeld
  }

  /** The disk is full: gives the room up. */
  giveUp(): void {
    this.#lastLook = this.#monotonic()
    this.#isHeld = false
    this.#remove()
  }

  #hold(): boolean {
    if (this.#bytes === 0) return true
    if ((statSync(this.#path, { throwIfNoEntry: false })?.size ?? -1) >= this.#bytes) return true
    let descriptor: number | undefined
    try {
      descriptor = openSync(this.#path, 'w', 0o600)
      // Written, not only sized: a file with holes takes no room. Compressing file systems are not fooled; then it helps less.
      for (let left = this.#bytes; left > 0; ) left -= writeSync(descriptor, chunk, 0, Math.min(left, chunk.length))
      return true
    } catch {
      this.#remove()
      return false
    } finally {
      if (descriptor !== undefined) closeSync(descriptor)
    }
  }

  #remove(): void {
    try {
      rmSync(this.#path, { force: true })
    } catch {
      // A directory that may not be written: then nothing else works either, and says so.
    }
  }
}
