/**
 * What a session remembers of its last plain text message, so that the next one to the same receiver need not be
 * read again. It gives up for a while where no frame repeats another: a sender that numbers its messages or writes to
 * someone else each time should not pay for memories. Runs on: the acceptor thread.
 */
import { MessageMemo } from '../protocol/message-memo.ts'
import type { Addressing, FrameBytes } from './run-builder.ts'

/** Memories that may go unused in a row before it gives up. */
const creditMax = 8
/** Frames after which it tries again. */
const restFrames = 1024

/** See the head of the file. */
export class Repeats {
  #memo: MessageMemo | undefined
  #addressing: Addressing | undefined
  #credit = creditMax
  #restFrames = 0

  /** How a frame is addressed, when it repeats the remembered one in all but its text. */
  match(frame: FrameBytes, view: DataView): Addressing | undefined {
    if (this.#memo?.matches(frame.bytes, view, frame.start, frame.end) !== true) return undefined
    this.#credit = creditMax
    return this.#addressing
  }

  /** Remembers a frame that was read and passed on. `text` is undefined when its text can't be told apart. */
  learn(frame: FrameBytes, addressing: Addressing, text: { start: number; end: number } | undefined): void {
    if (text === undefined || !this.#mayLearn()) return
    this.#memo = new MessageMemo(frame.bytes, frame.start, frame.end, text)
    this.#addressing = addressing
  }

  #mayLearn(): boolean {
    if (this.#credit > 0) {
      this.#credit--
      return true
    }
    this.#memo = undefined
    if (++this.#restFrames < restFrames) return false
    this.#restFrames = 0
    this.#credit = creditMax
    return false
  }
}
