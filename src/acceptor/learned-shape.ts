/**
 * The shape of a session's messages, learned from one that was read in full, so that the next ones need not be.
 * It gives up for a while where nothing fits: a sender without a habit should not pay for lessons.
 * Runs on: the acceptor thread.
 */
import type { EnvelopeReader } from '../protocol/envelope-reader.ts'
import type { MessageShape } from '../protocol/message-shape.ts'
import type { MessageKeys } from './message-keys.ts'
import { keyOfShape } from './own-key.ts'
import type { Addressing, FrameBytes } from './run-builder.ts'

/** Lessons in a row that may be of no use before it gives up. */
const lessonsMax = 8
/** Frames after which it tries again. */
const restFrames = 1024

/** See the head of the file. */
export class LearnedShape {
  #shape: MessageShape | undefined
  #senderAt: number | undefined
  #isVolatile = false
  #lessonsLeft = lessonsMax
  #restedFrames = 0

  /** How a message is addressed, when it has the learned shape; undefined: read it in full. */
  match(frame: FrameBytes, view: DataView, keys: MessageKeys): Addressing | undefined {
    const shape = this.#shape
    if (shape === undefined || !shape.match(frame.bytes, view, frame.start, frame.end)) return undefined
    this.#lessonsLeft = lessonsMax
    const { callbackStart, callbackEnd } = shape
    return {
      to: frame.bytes,
      toStart: shape.toStart,
      toEnd: shape.toEnd,
      senderAt: this.#senderAt,
      senderIsNull: false,
      callbackId: callbackStart === callbackEnd ? undefined : frame.bytes.toString('utf8', callbackStart, callbackEnd),
      isVolatile: this.#isVolatile,
      key: keyOfShape(keys, shape, frame.bytes),
    }
  }

  /** Learns from a message to a user that was read in full and found well-formed. */
  learn(envelope: EnvelopeReader, addressing: Addressing, frame: FrameBytes): void {
    // The place of a null is no constant; who writes null is read in full.
    if (addressing.senderIsNull || !this.#mayLearn()) return
    this.#shape = envelope.shape(frame.start, frame.end)
    this.#senderAt = addressing.senderAt
    this.#isVolatile = addressing.isVolatile
  }

  #mayLearn(): boolean {
    if (this.#lessonsLeft > 0) {
      this.#lessonsLeft--
      return true
    }
    this.#shape = undefined
    if (++this.#restedFrames < restFrames) return false
    this.#restedFrames = 0
    this.#lessonsLeft = lessonsMax
    return false
  }
}
