/**
 * The book of a test about delivery, kept outside the server: what was sent, how it was answered, and who was shown it.
 * Says what was lost, shown twice, out of order, or never sent. Pure.
 */

/** Names one message: the how-manieth of a sender to a receiver, from 1. */
export interface MessageName {
  readonly from: string
  readonly to: string
  readonly number: number
}

/** The answers that promise something. */
export type AnsweredStatus = 'delivered' | 'stored' | 'sent'

/** Where a message is shown. */
export interface Reader {
  readonly user: string
  readonly device: string
}

/** What must not happen, and which message it happened to. */
export interface Fault {
  readonly kind: 'lost' | 'twice' | 'disorder' | 'invented' | 'refused yet shown' | 'answered twice'
  readonly sentence: string
}

/** `unsure`: refused by a server that could not know whether it was stored. */
type Status = AnsweredStatus | 'open' | 'rejected' | 'unsure'

interface Showing {
  readonly device: string
  readonly life: number
}

interface Entry {
  status: Status
  /** When it was answered, on the ledger's own clock. */
  answeredAt: number
  readonly shown: Showing[]
}

interface DeviceRecord {
  readonly device: string
  /** False: it does not acknowledge, so nothing is promised to it. */
  readonly acknowledges: boolean
  /** How often its application was begun, and when each of its lives ended. */
  life: number
  readonly endedAt: number[]
  /** The last number of each sender. */
  readonly last: Map<string, number>
}

const fillerBytesMax = 400

/** The name as text; also its `ClientMsgId`. */
export function idOf({ from, to, number }: MessageName): string {
  return `${from}>${to}#${number}`
}

/** What the message says: its name, and a filler that follows from it, so that no other text passes for it. */
export function textOf(name: MessageName): string {
  const filler = (name.number * 7919 + name.from.length * 31) % fillerBytesMax
  return `${idOf(name)} ${String.fromCharCode(97 + (name.number % 26)).repeat(filler)}`
}

/** The name in a text, or undefined when nobody sends such a text. */
export function nameIn(text: string): MessageName | undefined {
  const found = /^([^>]+)>([^#]+)#(\d+) /.exec(text)
  if (found === null) return undefined
  const name = { from: found[1] ?? '', to: found[2] ?? '', number: Number(found[3]) }
  return textOf(name) === text ? name : undefined
}

/** See the head of the file. */
export class Ledger {
  /** By sender and receiver; the message with number n is at n - 1. */
  readonly #pairs = new Map<string, Entry[]>()
  /** By user. */
  readonly #devices = new Map<string, DeviceRecord[]>()
  readonly #faults: Fault[] = []
  readonly #answers = { delivered: 0, stored: 0, sent: 0, rejected: 0 }
  readonly #rejections = new Map<string, number>()
  #clock = 0
  #openCount = 0
  #shownCount = 0
  #againCount = 0

  /** How many messages have which answer. */
  get answers(): Readonly<Record<AnsweredStatus | 'rejected', number>> {
    return this.#answers
  }

  /** Messages whose answer promises something. */
  get answeredCount(): number {
    return this.#answers.delivered + this.#answers.stored + this.#answers.sent
  }

  /** By code. */
  get rejections(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#rejections)
  }

  /** Messages that wait for their answer. */
  get openCount(): number {
    return this.#openCount
  }

  /** How often a message was shown for the first time on a device. */
  get shownCount(): number {
    return this.#shownCount
  }

  /** Messages that were shown again by an application that was begun anew, and of which no answer was known before. */
  get againCount(): number {
    return this.#againCount
  }

  /** The names of what is still open, for people; a few of them. */
  openNames(count: number): string[] {
    return this.#names(({ status }) => status === 'open').slice(0, count)
  }

  /** A device that the server knows: what is stored from now on must reach it. */
  addDevice({ user, device }: Reader, acknowledges = true): void {
    const record = { device, acknowledges, life: 0, endedAt: [], last: new Map<string, number>() }
    this.#devices.set(user, [...(this.#devices.get(user) ?? []), record])
  }

  /** The application on a device has ended; from now on it is another one, which knows nothing of what was shown. */
  endLife(reader: Reader): void {
    const record = this.#device(reader)
    record.endedAt.push(++this.#clock)
    record.life++
  }

  /** The next message of a sender to a receiver is sent. */
  send(from: string, to: string): MessageName {
    const key = `${from}>${to}`
    const entries = this.#pairs.get(key) ?? []
    if (entries.length === 0) this.#pairs.set(key, entries)
    entries.push({ status: 'open', answeredAt: 0, shown: [] })
    this.#openCount++
    return { from, to, number: entries.length }
  }

  /** The server has answered. */
  answered(name: MessageName, status: AnsweredStatus): void {
    this.#close(name, status)
  }

  /** The server has refused it: then nobody may be shown it, but for `storage_failed`, which says that nothing is known. */
  rejected(name: MessageName, code: string): void {
    this.#close(name, code === 'storage_failed' ? 'unsure' : 'rejected')
    this.#rejections.set(code, (this.#rejections.get(code) ?? 0) + 1)
  }

  /** A text was shown on a device, as from a user. */
  shown(reader: Reader, from: string, text: string): void {
    const name = nameIn(text)
    const entry = name && this.#entry(name)
    const place = `${reader.user}/${reader.device}`
    if (name === undefined || entry === undefined || name.from !== from || name.to !== reader.user) {
      this.#fault('invented', `${place} was shown, as from ${from}: ${text.slice(0, 100)}`)
      return
    }
    const record = this.#device(reader)
    const before = entry.shown.find(({ device }) => device === reader.device)
    if (before !== undefined) {
      this.#shownAgain(name, entry, { record, before, place })
      return
    }
    entry.shown.push({ device: reader.device, life: record.life })
    this.#shownCount++
    const last = record.last.get(from) ?? 0
    if (name.number < last) this.#fault('disorder', `${place} was shown ${idOf(name)} after number ${last}`)
    else record.last.set(from, name.number)
  }

  /** How many showings are still owed, of messages that were answered. */
  owedCount(): number {
    let count = 0
    this.#eachOwed(() => count++)
    return count
  }

  /** All faults up to now; what is owed counts as lost. */
  faults(): Fault[] {
    const lost: Fault[] = []
    this.#eachOwed((name, status, device) =>
      lost.push({ kind: 'lost', sentence: `${name} was answered ${status}, and ${device} was never shown it` }),
    )
    const refused = this.#names(({ status, shown }) => status === 'rejected' && shown.length > 0)
    return [
      ...lost,
      ...refused.map((name) => ({ kind: 'refused yet shown', sentence: `${name} was refused, and shown` }) as const),
      ...this.#faults,
    ]
  }

  #shownAgain(
    name: MessageName,
    entry: Entry,
    { record, before, place }: { record: DeviceRecord; before: Showing; place: string },
  ): void {
    const endedAt = record.endedAt[before.life]
    // The promise excepts an application that ends before what it has shown was acknowledged: then there was no answer either.
    const wasOpen = endedAt !== undefined && (entry.status === 'open' || entry.answeredAt > endedAt)
    if (wasOpen) this.#againCount++
    else this.#fault('twice', `${place} was shown ${idOf(name)} again`)
  }

  #close(name: MessageName, status: Exclude<Status, 'open'>): void {
    const entry = this.#entry(name)
    if (entry === undefined) throw new Error(`${idOf(name)} was never sent`)
    if (entry.status !== 'open') {
      this.#fault('answered twice', `${idOf(name)} was answered ${entry.status}, then ${status}`)
      return
    }
    entry.status = status
    entry.answeredAt = ++this.#clock
    this.#answers[status === 'unsure' ? 'rejected' : status]++
    this.#openCount--
  }

  /** `stored` is owed to each device of the receiver, `delivered` to one of them, `sent` to nobody. */
  #eachOwed(tell: (name: string, status: Status, device: string) => void): void {
    for (const [pair, entries] of this.#pairs) {
      const [, to = ''] = pair.split('>')
      const devices = (this.#devices.get(to) ?? []).filter(({ acknowledges }) => acknowledges)
      for (const [index, { status, shown }] of entries.entries()) {
        if (status !== 'stored' && (status !== 'delivered' || shown.length > 0)) continue
        const name = `${pair}#${index + 1}`
        if (status === 'delivered') tell(name, status, `no device of ${to}`)
        else if (shown.length < devices.length) {
          for (const { device } of devices) {
            if (!shown.some((one) => one.device === device)) tell(name, status, `${to}/${device}`)
          }
        }
      }
    }
  }

  #names(matches: (entry: Entry) => boolean): string[] {
    const names: string[] = []
    for (const [pair, entries] of this.#pairs) {
      for (const [index, entry] of entries.entries()) if (matches(entry)) names.push(`${pair}#${index + 1}`)
    }
    return names
  }

  #entry({ from, to, number }: MessageName): Entry | undefined {
    return this.#pairs.get(`${from}>${to}`)?.[number - 1]
  }

  #device({ user, device }: Reader): DeviceRecord {
    const record = this.#devices.get(user)?.find((one) => one.device === device)
    if (record === undefined) throw new Error(`nobody knows the device ${user}/${device}`)
    return record
  }

  #fault(kind: Fault['kind'], sentence: string): void {
    this.#faults.push({ kind, sentence })
  }
}
