/** Pages of the history as they go over the wire: envelopes are put together from their bytes, and never parsed. Pure. */
import type { HistoryCalls, PastMessage } from '../mailbox/history-messages.ts'

/** Who asks for a page, and with whom the conversation is. */
export interface PastPair {
  readonly user: string
  readonly with: string
}

type Page = HistoryCalls['readHistory']['give']

/** How the name of a message is made of its place and its receiver. */
export type NameOf = (place: { readonly epoch: number; readonly seq: number }, receiver: string) => string

/** The envelope of a message as its receiver got it: with its name, number and time in front. */
export function pastEnvelope(message: PastMessage, name: string): string {
  const { epoch, seq, time } = message
  const body = Buffer.from(message.body).toString('utf8')
  const added = `"MsgId":${JSON.stringify(name)},"Seq":${seq},"Epoch":"e${epoch}","ServerTime":${Math.floor(time / 1000)}`
  const start = body.indexOf('{') + 1
  // An accepted envelope has members: it says to whom it goes.
  return `${body.slice(0, start)}${added},${body.slice(start)}`
}

/**
 * The `Content` of a `HistoryResponse`, as JSON text of at most about `bytesMax` bytes once it is a string within an
 * envelope. What does not fit is left for the next page; a message that does not fit by itself comes without its content.
 */
export function historyContent(
  pair: PastPair,
  page: Page,
  options: { isForward: boolean; bytesMax: number; nameOf: NameOf },
): string {
  const { user } = pair
  const wanted = options.isForward ? page.messages : [...page.messages].reverse()
  const items: string[] = []
  let left = options.bytesMax
  let more = page.more
  for (const message of wanted) {
    const name = options.nameOf(message, message.isOwn ? pair.with : user)
    let item = `{"Position":${message.position},"Message":${pastEnvelope(message, name)}}`
    let length = Buffer.byteLength(JSON.stringify(item))
    if (items.length === 0 && length > left) {
      item = `{"Position":${message.position},"Message":${withoutContent(message, name)}}`
      length = Buffer.byteLength(JSON.stringify(item))
    } else if (length > left) {
      more = true
      break
    }
    left -= length
    items.push(item)
  }
  if (!options.isForward) items.reverse()
  const { unread, read, readByOther } = page
  const state = `"More":${more},"Unread":${unread},"Read":${read},"ReadByOther":${readByOther}`
  return `{"Success":true,"UserId":${JSON.stringify(pair.with)},"Items":[${items.join(',')}],${state}}`
}

/** The envelope of a message that is too long to be given within another. */
function withoutContent(message: PastMessage, name: string): string {
  const envelope = JSON.parse(pastEnvelope(message, name)) as Record<string, unknown>
  return JSON.stringify({ ...envelope, Content: '{}', Sign: undefined, Truncated: true })
}
