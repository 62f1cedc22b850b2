/** A load of clients that send one message after another, in many slots at once, to who is away and to who is here; the ledger knows what became of each. */
import { ParleyError } from '../../../src/client/index.ts'
import { idOf, type Ledger, textOf } from './ledger.ts'
import type { SdkReader } from './sdk-reader.ts'

const slotsToAway = 16
const pauseAfterRefusalMs = 20
const answerTimeoutMs = 30_000

/** See the head of the file. */
export class Talk {
  readonly #ledger: Ledger
  #loops: Promise<void>[] = []
  #isSending = true

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  begin(talkers: readonly SdkReader[], receivers: { readonly away: string; readonly here: string }): void {
    for (const talker of talkers) {
      for (let slot = 0; slot < slotsToAway; slot++) this.#loops.push(this.#talk(talker, receivers.away))
      this.#loops.push(this.#talk(talker, receivers.here))
    }
  }

  /** Resolves when everything that was sent has its answer. */
  async stop(): Promise<void> {
    this.#isSending = false
    await Promise.all(this.#loops)
  }

  /** Stops without waiting. */
  abandon(): void {
    this.#isSending = false
  }

  async #talk({ reader, client }: SdkReader, to: string): Promise<void> {
    while (this.#isSending) {
      const name = this.#ledger.send(reader.user, to)
      try {
        const options = { clientMsgId: idOf(name), timeoutMs: answerTimeoutMs }
        const { status } = await client.send(to, textOf(name), options)
        if (status !== 'unconfirmed') this.#ledger.answered(name, status)
      } catch (error) {
        this.#ledger.rejected(name, error instanceof ParleyError ? error.code : String(error))
        await new Promise((resolve) => setTimeout(resolve, pauseAfterRefusalMs))
      }
    }
  }
}
