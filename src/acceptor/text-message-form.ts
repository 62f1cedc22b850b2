/**
 * What stands in the sealed records of text WebSocket messages: bodies between 0x02 and 0x03, whatever the delimiters of the
 * server are. Where they are the same nothing is touched. Runs on: the acceptor thread.
 */
import type { Delimiters } from '../protocol/delimiters.ts'
import { forEachFrame, frameOfBody } from './frames.ts'
import { type FormSink, frameOfText, type InnerForm, Utf8Form } from './wire-form.ts'

/** Those of the records. */
const textDelimiters: Delimiters = { start: 0x02, end: 0x03 }

/** See the head of the file. */
export class TextMessageForm implements InnerForm {
  readonly framing = 'delimited'
  readonly #delimiters: Delimiters
  readonly #isSame: boolean
  readonly #form: Utf8Form

  constructor(options: { readonly delimiters: Delimiters; readonly bodyBytesMax: number }) {
    const { delimiters, bodyBytesMax } = options
    this.#delimiters = delimiters
    this.#isSame = delimiters.start === textDelimiters.start && delimiters.end === textDelimiters.end
    this.#form = new Utf8Form({ delimiters: textDelimiters, bodyBytesMax })
  }

  get bodyBytesMax(): number {
    return this.#form.bodyBytesMax
  }

  set bodyBytesMax(bytes: number) {
    this.#form.bodyBytesMax = bytes
  }

  read(chunk: Buffer, sink: FormSink): number {
    if (this.#isSame) return this.#form.read(chunk, sink)
    return this.#form.read(chunk, {
      frame: (bytes, start, end) => {
        const frame = frameOfText(this.#delimiters, bytes.subarray(start, end))
        return sink.frame(frame, 1, frame.length - 1)
      },
      noise: (byteCount, isNew) => sink.noise(byteCount, isNew),
      truncated: (byteCount) => sink.truncated(byteCount),
      tooLarge: () => sink.tooLarge(),
    })
  }

  encode(frames: Buffer): Buffer {
    if (this.#isSame) return frames
    const parts: Buffer[] = []
    forEachFrame(frames, this.#delimiters, (start, end) => {
      parts.push(frameOfBody(textDelimiters, frames.subarray(start, end)))
    })
    return Buffer.concat(parts)
  }

  isInFrame(): boolean {
    return this.#form.isInFrame()
  }

  cut(bytes: Buffer, from: number, bytesMax: number): number {
    return this.#form.cut(bytes, from, bytesMax)
  }
}
