/**
 * A device that shares no code with the SDK: acknowledges, resumes and sends again by the wire's document alone, writes into
 * the ledger, and checks the numbers of what it gets.
 */
import { TcpClient } from '../../system/support/tcp-client.ts'
import { password } from '../../system/support/test-server.ts'
import type { Received } from '../../system/support/wire-client.ts'
import { type AnsweredStatus, idOf, type Ledger, type MessageName, type Reader, textOf } from './ledger.ts'

const comeBackAfterMs = 20
const windowMessages = 32

/** A place in the numbering. */
interface Place {
  readonly Epoch: string
  readonly Seq: number
}

/** See the head of the file. */
export class RawDevice {
  readonly reader: Reader
  /** What no correct server does: numbers that go back, twice, or leave holes. */
  readonly complaints: string[] = []
  disconnects = 0
  readonly #ledger: Ledger
  readonly #port: number
  /** Sent and not answered, in order; the key is the `CallbackID`. */
  readonly #open = new Map<string, MessageName>()
  /** What was shown, by sender and `ClientMsgId`. */
  readonly #seen = new Set<string>()
  readonly #textByPlace = new Map<string, string>()
  #client: TcpClient | undefined
  #cursor: Place | undefined
  #token: string | undefined
  #acknowledging: NodeJS.Immediate | undefined
  #hasEnded = false

  private constructor({ ledger, reader, port }: { ledger: Ledger; reader: Reader; port: number }) {
    this.#ledger = ledger
    this.reader = reader
    this.#port = port
  }

  /** Logs in for the first time; afterwards it comes back by itself until `end`. */
  static async join(options: { ledger: Ledger; reader: Reader; port: number }): Promise<RawDevice> {
    const device = new RawDevice(options)
    await device.#connect()
    options.ledger.addDevice(options.reader)
    return device
  }

  get isOnline(): boolean {
    return this.#client !== undefined
  }

  /** Whether it may send one more. */
  get hasRoom(): boolean {
    return this.#open.size < windowMessages
  }

  /** Sends the next message to a user, or keeps it for the next connection. */
  send(to: string): void {
    const name = this.#ledger.send(this.reader.user, to)
    this.#open.set(`raw-${idOf(name)}`, name)
    if (this.#client !== undefined) this.#write(this.#client, name)
  }

  /** Ends it for good. */
  end(): void {
    this.#hasEnded = true
    this.#client?.destroy()
  }

  async #connect(): Promise<void> {
    const client = await TcpClient.connect(this.#port)
    // What comes with the answer to the login, in the same read, is read when that has been.
    const early: Received[] = []
    let isIn = false
    client.onMessage = (message) => {
      if (message.envelope.MsgType === 'AuthResponse' || message.envelope.MsgType === 'ErrorResponse') return undefined
      if (isIn) this.#onMessage(client, message)
      else early.push(message)
      return 'kept'
    }
    const { content } = await client.request('AuthRequest', {
      UserId: this.reader.user,
      ...(this.#token === undefined ? { Password: password } : { Token: this.#token }),
      DeviceId: this.reader.device,
      Ack: true,
      ...(this.#cursor === undefined ? {} : { Resume: this.#cursor }),
    })
    if (content.Success !== true) {
      client.destroy()
      throw new Error(`${this.reader.user} could not log in: ${content.Code}`)
    }
    this.#token = content.Token ?? this.#token
    const { Epoch, Seq, Recovered } = content
    if (typeof Epoch !== 'string' || typeof Seq !== 'number')
      throw new Error(`no place at the login: ${JSON.stringify(content)}`)
    if (this.#cursor !== undefined && Recovered !== true) this.#complain(`not recovered: ${JSON.stringify(content)}`)
    this.#cursor = { Epoch, Seq }
    isIn = true
    for (const message of early) this.#onMessage(client, message)
    this.#client = client
    for (const name of this.#open.values()) this.#write(client, name)
    void client.ended(2 ** 31 - 1).then(() => this.#lost())
  }

  #lost(): void {
    this.#client = undefined
    if (this.#hasEnded) return
    this.disconnects++
    this.#comeBackLater()
  }

  #comeBackLater(): void {
    setTimeout(() => {
      if (!this.#hasEnded) this.#connect().catch(() => this.#comeBackLater())
    }, comeBackAfterMs)
  }

  #write(client: TcpClient, name: MessageName): void {
    const fields = { ToUserId: name.to, ClientMsgId: idOf(name), CallbackID: `raw-${idOf(name)}` }
    client.send('TextMsgRequest', { Message: textOf(name) }, fields)
  }

  #onMessage(client: TcpClient, { envelope, content }: Received): void {
    if (envelope.MsgType === 'HeartbeatRequest' && !envelope.FromUserId) {
      client.send('HeartbeatResponse', {}, { CallbackID: envelope.CallbackID })
    } else if (envelope.MsgType === 'CommonResponse' && !envelope.FromUserId) {
      this.#answered(envelope.CallbackID ?? '', content)
    } else if (envelope.MsgType === 'TextMsgRequest') {
      this.#arrived(client, envelope, content.Message ?? '')
    }
  }

  #answered(callbackId: string, { Success, Code, Data }: Received['content']): void {
    const name = this.#open.get(callbackId)
    if (name === undefined) return
    this.#open.delete(callbackId)
    if (Success === true) this.#ledger.answered(name, Data?.['Status'] as AnsweredStatus)
    else this.#ledger.rejected(name, Code ?? 'no code')
  }

  #arrived(client: TcpClient, envelope: Received['envelope'], text: string): void {
    const { Epoch, Seq, FromUserId = '', ClientMsgId } = envelope
    if (typeof Epoch !== 'string' || typeof Seq !== 'number') {
      this.#complain(`a message without a number: ${text.slice(0, 40)}`)
      return
    }
    this.#checkPlace({ Epoch, Seq }, `${FromUserId} ${text}`)
    this.#cursor = { Epoch, Seq }
    const key = `${FromUserId} ${ClientMsgId}`
    if (!this.#seen.has(key)) this.#ledger.shown(this.reader, FromUserId, text)
    this.#seen.add(key)
    this.#acknowledging ??= setImmediate(() => {
      this.#acknowledging = undefined
      if (this.#client === client) client.send('AckRequest', this.#cursor)
    })
  }

  #checkPlace(at: Place, text: string): void {
    const last = this.#cursor
    const [epoch, lastEpoch] = [Number(at.Epoch.slice(1)), Number(last?.Epoch.slice(1) ?? 0)]
    const isNext = epoch === lastEpoch ? at.Seq === (last?.Seq ?? 0) + 1 : epoch > lastEpoch
    if (!isNext) this.#complain(`${at.Epoch}-${at.Seq} after ${last?.Epoch}-${last?.Seq}`)
    const place = `${at.Epoch}-${at.Seq}`
    const before = this.#textByPlace.get(place)
    if (before !== undefined && before !== text)
      this.#complain(`${place} was ${before.slice(0, 40)}, then ${text.slice(0, 40)}`)
    this.#textByPlace.set(place, text)
  }

  #complain(sentence: string): void {
    this.complaints.push(`${this.reader.user}/${this.reader.device}: ${sentence}`)
  }
}
