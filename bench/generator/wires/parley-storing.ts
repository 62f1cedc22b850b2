/** How Parley stores: an answer to each `CallbackID` says `stored`; `AckRequest` acknowledges everything up to a number. Pure. */
import { findCallback, readCallback, sequenceDigits, writeSequence } from '../frame.ts'
import { type Acknowledger, type AnswerReader, notAnAnswer, refused, type Storing } from './storing.ts'

const idKey = '"ClientMsgId":"'
const storedWord = Buffer.from('\\"Status\\":\\"stored\\"')
const seqKey = Buffer.from('"Seq":')
const epochKey = '"Epoch":"'
const QUOTE = 0x22
const ZERO = 0x30
const finishId = 'finish'
/** The numbers of a message stand in front of everything else. */
const headBytes = 160

/** The part of the wire. */
export const parleyStoring: Storing = {
  mustEnrol: false,
  numberWriter: (frame) => {
    // The `CallbackID` is numbered with the mark.
    const idAt = frame.indexOf(idKey)
    if (idAt === -1) return () => {}
    const digitsAt = frame.indexOf(QUOTE, idAt + idKey.length) - sequenceDigits
    return (bytes, at, sequence) => writeSequence(bytes, at + digitsAt, sequence)
  },
  makeAnswerReader,
  isCumulative: false,
  makeAcknowledger: () => new SeqAcknowledger(),
}

function makeAnswerReader(): AnswerReader {
  let callbackAt = 0
  let statusAt = 0
  return (bytes, start, end) => {
    let sequence = callbackAt === 0 ? Number.NaN : readCallback(bytes, start + callbackAt)
    if (Number.isNaN(sequence)) {
      const at = findCallback(bytes, start, end)
      sequence = at === -1 ? Number.NaN : readCallback(bytes, at)
      if (Number.isNaN(sequence)) return notAnAnswer
      callbackAt = at - start
    }
    const learned = start + statusAt
    if (statusAt > 0 && storedWord.compare(bytes, learned, learned + storedWord.length) === 0) return sequence
    const at = bytes.subarray(start, end).indexOf(storedWord)
    if (at === -1) return refused
    statusAt = at
    return sequence
  }
}

/** Acknowledges up to the number of the last message. */
class SeqAcknowledger implements Acknowledger {
  #seq = 0
  #acknowledged = 0
  #epoch = ''
  #epochBytes: Buffer = Buffer.alloc(0)

  take(bytes: Buffer, start: number, end: number): void {
    const headEnd = Math.min(end, start + headBytes)
    const keyAt = bytes.indexOf(seqKey, start)
    if (keyAt === -1 || keyAt >= headEnd) return
    let at = keyAt + seqKey.length
    let seq = 0
    for (let digit = (bytes[at] ?? 0) - ZERO; digit >= 0 && digit <= 9; digit = (bytes[at] ?? 0) - ZERO) {
      seq = seq * 10 + digit
      at++
    }
    this.#seq = seq
    const epoch = this.#epochBytes
    if (epoch.length > 0 && epoch.compare(bytes, at, at + epoch.length) === 0) return
    const head = bytes.toString('latin1', at, headEnd)
    const nameAt = head.indexOf(epochKey) + epochKey.length
    const nameEnd = head.indexOf('"', nameAt)
    this.#epoch = head.slice(nameAt, nameEnd)
    this.#epochBytes = Buffer.from(head.slice(0, nameEnd + 1), 'latin1')
  }

  flush(): Buffer | undefined {
    if (this.#seq === this.#acknowledged) return undefined
    this.#acknowledged = this.#seq
    return this.#encode('')
  }

  finish(): Buffer {
    return this.#encode(`,"CallbackID":"${finishId}"`)
  }

  isFinished(bytes: Buffer, start: number, end: number): boolean {
    return bytes.toString('latin1', start, end).includes(`"CallbackID":"${finishId}"`)
  }

  #encode(rest: string): Buffer {
    const content = `{\\"Epoch\\":\\"${this.#epoch}\\",\\"Seq\\":${this.#seq}}`
    return Buffer.from(
      `\x02{"MsgType":"AckRequest","CreateTime":1700000000,"Content":"${content}"${rest}}\x03`,
      'latin1',
    )
  }
}
