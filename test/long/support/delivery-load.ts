/**
 * A crowd that talks while its server suffers: talkers send to everybody, twins read on two devices, wanderers go away and
 * come back, one speaks the raw wire, one never acknowledges. Everything is in one ledger.
 */

import { ParleyError } from '../../../src/client/index.ts'
import type { Random } from '../../mailbox/random.ts'
import { until } from '../../system/support/deadline.ts'
import { idOf, type Ledger, textOf } from './ledger.ts'
import { RawDevice } from './raw-device.ts'
import { SdkReader } from './sdk-reader.ts'

const names = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`)

const talkerNames = names('talker', 6)
const twinNames = names('twin', 2)
const wandererNames = names('wanderer', 2)
const rawName = 'raw0'
const plainName = 'plain0'

/** Everybody who needs an account. */
export const loadUsers: readonly string[] = [...talkerNames, ...twinNames, ...wandererNames, rawName, plainName]

/** Messages of one talker that wait for their answers. */
const windowMessages = 32

/** What a crowd is made of. */
export interface DeliveryLoadOptions {
  readonly ledger: Ledger
  readonly random: Random
  readonly port: number
}

/** See the head of the file. */
export class DeliveryLoad {
  readonly #ledger: Ledger
  readonly #random: Random
  readonly #talkers: SdkReader[]
  readonly #others: SdkReader[]
  readonly #wanderers: SdkReader[]
  readonly #raw: RawDevice
  readonly #loops: Promise<void>[] = []
  #isTalking = true
  #isWandering = true

  private constructor(
    options: DeliveryLoadOptions,
    people: { talkers: SdkReader[]; others: SdkReader[]; wanderers: SdkReader[]; raw: RawDevice },
  ) {
    this.#ledger = options.ledger
    this.#random = options.random
    this.#talkers = people.talkers
    this.#others = people.others
    this.#wanderers = people.wanderers
    this.#raw = people.raw
  }

  /** Everybody logs in; then they begin. */
  static async start(options: DeliveryLoadOptions): Promise<DeliveryLoad> {
    const { ledger, port } = options
    const join = (user: string, device: string, acknowledges = true): Promise<SdkReader> =>
      SdkReader.join({ ledger, port, acknowledges, reader: { user, device } })
    const talkers = await Promise.all(talkerNames.map((user) => join(user, 'desk')))
    const twins = await Promise.all(twinNames.flatMap((user) => [join(user, 'phone'), join(user, 'desk')]))
    const wanderers = await Promise.all(wandererNames.map((user) => join(user, 'phone')))
    const plain = await join(plainName, 'plain', false)
    const raw = await RawDevice.join({ ledger, port, reader: { user: rawName, device: 'raw' } })
    const load = new DeliveryLoad(options, { talkers, others: [...twins, plain], wanderers, raw })
    load.#begin()
    return load
  }

  /** How often a connection was lost, in all. */
  get disconnects(): number {
    return [...this.#sdkReaders(), this.#raw].reduce((sum, { disconnects }) => sum + disconnects, 0)
  }

  /** What clients reported that nothing here explains. */
  complaints(): string[] {
    return [...this.#sdkReaders(), this.#raw].flatMap(({ complaints }) => complaints)
  }

  /** No more is sent, everybody comes home. Resolves when all is answered and shown. */
  async settle(ms: number): Promise<void> {
    this.#isTalking = false
    this.#isWandering = false
    await until(
      () => this.#ledger.openCount === 0 && this.#ledger.owedCount() === 0 && this.#areAllOnline(),
      'answers to everything, and everything shown',
      ms,
    ).catch((error: Error) => {
      const rest = this.#ledger.openNames(5).join(', ')
      throw new Error(`${error.message}: ${this.#ledger.openCount} open (${rest}), ${this.#ledger.owedCount()} owed`)
    })
    await Promise.all(this.#loops)
  }

  /** Everybody goes. */
  async end(): Promise<void> {
    this.#isTalking = false
    this.#isWandering = false
    this.#raw.end()
    await Promise.all(this.#sdkReaders().map((one) => one.goAway()))
  }

  #sdkReaders(): SdkReader[] {
    return [...this.#talkers, ...this.#others, ...this.#wanderers]
  }

  #areAllOnline(): boolean {
    return this.#raw.isOnline && this.#sdkReaders().every(({ isOnline }) => isOnline)
  }

  #begin(): void {
    for (const talker of this.#talkers) {
      for (let slot = 0; slot < windowMessages; slot++) this.#loops.push(this.#talk(talker))
    }
    for (const wanderer of this.#wanderers) this.#loops.push(this.#wander(wanderer))
    this.#loops.push(this.#talkRaw())
  }

  #anybody(but: string): string {
    for (;;) {
      const user = loadUsers[this.#random(loadUsers.length)] ?? plainName
      if (user !== but) return user
    }
  }

  /** Sends one after another; as many of these loops as a talker may have messages on the way. */
  async #talk({ reader, client }: SdkReader): Promise<void> {
    while (this.#isTalking) {
      const name = this.#ledger.send(reader.user, this.#anybody(reader.user))
      try {
        const options = { clientMsgId: idOf(name), timeoutMs: Number.POSITIVE_INFINITY }
        const { status } = await client.send(name.to, textOf(name), options)
        if (status !== 'unconfirmed') this.#ledger.answered(name, status)
      } catch (error) {
        this.#ledger.rejected(name, error instanceof ParleyError ? error.code : String(error))
        // Refused for the moment: a pause, as any program would make.
        await pause(50)
      }
    }
  }

  async #talkRaw(): Promise<void> {
    while (this.#isTalking) {
      if (this.#raw.isOnline && this.#raw.hasRoom) this.#raw.send(this.#anybody(rawName))
      else await pause(1)
    }
  }

  async #wander(wanderer: SdkReader): Promise<void> {
    while (this.#isWandering) {
      await pause(100 + this.#random(600))
      if (!this.#isWandering) return
      await wanderer.goAway()
      await pause(this.#random(600))
      while (
        !(await wanderer.comeBack().then(
          () => true,
          () => false,
        ))
      )
        await pause(20)
    }
  }
}

/** Not waiting for an event: time that somebody is away, or does nothing. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
