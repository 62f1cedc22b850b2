/** Writes a message's number into its envelope, in front of the members that its sender wrote. Runs on: the acceptor thread. */
import type { Position } from '../mailbox/position.ts'
import type { Delimiters } from '../protocol/delimiters.ts'
import { epochText, messageId } from '../security/message-id.ts'
import { forEachFrame } from './frames.ts'

const OPEN_BRACE = 0x7b

/** What is written beside the number. */
export interface Numbering extends Position {
  /** The receiver's part of the names of messages. */
  readonly tag: string
  /** Unix time in milliseconds, written in seconds as every time on the wire; 0 when it is not known, and then not written. */
  readonly serverTime: number
}

/** The same frames with `MsgId`, `Seq`, `Epoch` and `ServerTime`, which no sender may have written. */
export function numbered(frames: Buffer, delimiters: Delimiters, { epoch, seq, tag, serverTime }: Numbering): Buffer {
  const tail = `,"Epoch":"${epochText(epoch)}"${serverTime === 0 ? '' : `,"ServerTime":${Math.floor(serverTime / 1000)}`},`
  const heads: string[] = []
  let byteCount = frames.length
  let next = seq
  forEachFrame(frames, delimiters, () => {
    const head = `"MsgId":"${messageId(epoch, next, tag)}","Seq":${next}${tail}`
    heads.push(head)
    byteCount += head.length
    next++
  })
  const written = Buffer.allocUnsafe(byteCount)
  let from = 0
  let at = 0
  for (const head of heads) {
    // An envelope is an object with members, and white space may stand before it.
    const inside = frames.indexOf(OPEN_BRACE, from) + 1
    at += frames.copy(written, at, from, inside)
    at += written.write(head, at, 'latin1')
    const end = frames.indexOf(delimiters.end, inside) + 1
    at += frames.copy(written, at, inside, end)
    from = end
  }
  return written
}
