/**
 * What a person is told of the messages that they sent and got: which were stored, delivered and read, and what is missing; and
 * what others are told of what the person has read.
 */
import type { Client, IncomingMessage, Loss, Receipt, SendResult } from '../../client/index.ts'
import { neutraliseLine } from './neutralise.ts'

/** Where lines go. What is in them is harmless already. */
export interface ReceiptLines {
  note(text: string): void
  /** Something that the person should not overlook. */
  warn(text: string): void
}

/** Own messages that are remembered, to say which one a receipt is of. */
const rememberedMax = 1_000
/** Characters of a message that name it in a line. */
const excerptLengthMax = 24

/** What stands behind a message that was sent. */
export function statusText({ status }: Pick<SendResult, 'status'>): string {
  switch (status) {
    case 'stored':
      return '✓ stored'
    case 'delivered':
      return '✓✓ delivered'
    case 'sent':
    case 'unconfirmed':
      return status
  }
}

/** What is gone, in a sentence. */
export function lossText({ count }: Loss): string {
  const what = count === undefined ? 'Messages' : count === 1 ? 'One message' : `${count} messages`
  return `${what} for you ${count === 1 ? 'is' : 'are'} missing: away too long, or there was no room.`
}

/** See the head of the file. */
export class PersonReceipts {
  readonly #client: Client
  readonly #lines: ReceiptLines
  /** The beginnings of own messages, by their `msgId`. */
  readonly #sent = new Map<string, string>()
  /** The last message of each sender that was shown and is not yet told to have been read. */
  readonly #read = new Map<string, IncomingMessage>()
  #reading: 'idle' | 'busy' | 'refused' = 'idle'

  constructor(client: Client, lines: ReceiptLines) {
    this.#client = client
    this.#lines = lines
    client.on('receipt', (receipt) => this.#tell(receipt))
    client.on('missing', (loss) => lines.warn(lossText(loss)))
  }

  /** Remembers an own message, for receipts that come later. */
  sent({ msgId }: SendResult, text: string): void {
    if (msgId === undefined) return
    this.#sent.set(msgId, excerpt(text))
    if (this.#sent.size > rememberedMax) this.#sent.delete(this.#sent.keys().next().value ?? '')
  }

  /** A person has seen a message. */
  shown(message: IncomingMessage): void {
    if (message.from === '' || message.envelope.MsgId === undefined || this.#reading === 'refused') return
    this.#read.set(message.from, message)
    if (this.#reading === 'idle') void this.#tellRead()
  }

  #tell({ to, status, msgId }: Receipt): void {
    const text = this.#sent.get(msgId)
    // Of an earlier start of the program: there is nothing to say which one it was.
    const what = text === undefined ? 'a message' : `"${text}"`
    const user = neutraliseLine(to)
    switch (status) {
      case 'delivered':
        this.#lines.note(`✓✓ ${user} has got ${what}`)
        return
      case 'read':
        this.#lines.note(`✓✓ ${user} has read ${what}`)
        return
      case 'expired':
        this.#lines.warn(`${what} to ${user} has expired before it was delivered.`)
        return
      case 'dropped':
        this.#lines.warn(`${what} to ${user} was dropped: too much waits for ${user}.`)
    }
  }

  /** One request at a time: what is shown meanwhile is told by the next. */
  async #tellRead(): Promise<void> {
    this.#reading = 'busy'
    for (const [from, message] of this.#read) {
      this.#read.delete(from)
      try {
        await this.#client.read(message)
      } catch {
        // A server that does not know it, or a lost connection: nothing that a person has to do with.
        if (this.#client.state === 'online') {
          this.#reading = 'refused'
          this.#read.clear()
          return
        }
      }
    }
    this.#reading = 'idle'
  }
}

function excerpt(text: string): string {
  const line = neutraliseLine(text)
  const characters = [...line]
  return characters.length <= excerptLengthMax ? line : `${characters.slice(0, excerptLengthMax).join('')}…`
}
