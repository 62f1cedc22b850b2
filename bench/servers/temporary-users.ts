/** Users that a running server gets for the time of a benchmark, through its control socket. */
import { randomBytes } from 'node:crypto'
import { hash } from '@node-rs/argon2'
import { type ControlClient, connectControl } from '../../src/cli/control-client.ts'
import { limits } from '../../src/config/limits.ts'
import { userName } from './server.ts'

/** Removals that are under way at the same time. */
const removeAtOnce = 32

/** Some users with one random password, and one of them who may broadcast. */
export class TemporaryUsers {
  readonly password: string = randomBytes(24).toString('base64url')
  /** Names are so improbable that nobody else's account is ever touched. */
  readonly prefix: string = `bench-${randomBytes(6).toString('hex')}-`
  readonly #dataDir: string
  #made: string[] = []

  /** @param dataDir of the server, for its control socket */
  constructor(dataDir: string) {
    this.#dataDir = dataDir
  }

  /** The user who may broadcast. */
  get operator(): string {
    return `${this.prefix}operator`
  }

  /** Makes the operator and so many users. */
  async make(count: number): Promise<void> {
    // The server's own default cost, so that logins cost what they cost in service.
    const passwordHash = await hash(this.password, { memoryCost: 19_456, timeCost: 2, parallelism: 1 })
    const accounts = Array.from({ length: count }, (_, user) => ({
      userId: userName(this.prefix, user),
      passwordHash,
      role: 'user' as const,
    }))
    const all = [...accounts, { userId: this.operator, passwordHash, role: 'operator' as const }]
    const size = limits.importBatchAccounts.value
    await this.#withControl(async (control) => {
      for (let start = 0; start < all.length; start += size) {
        const part = all.slice(start, start + size)
        // Noted before: what is asked for may be done although the answer gets lost.
        this.#made.push(...part.map((account) => account.userId))
        await control.call('importAccounts', { accounts: part })
      }
    })
  }

  /** Removes them all; those that are gone already are no fault. Called twice, it finds nothing left. */
  async remove(): Promise<void> {
    const made = this.#made
    this.#made = []
    if (made.length === 0) return
    await this.#withControl(async (control) => {
      const names = made.values()
      const lane = async (): Promise<void> => {
        for (const userId of names) await control.call('removeAccount', { userId }).catch(ignoreUnknown)
      }
      await Promise.all(Array.from({ length: removeAtOnce }, lane))
    })
  }

  async #withControl(use: (control: ControlClient) => Promise<void>): Promise<void> {
    const control = await connectControl(this.#dataDir)
    if (control === undefined) throw new Error(`no server runs on the data directory ${this.#dataDir}`)
    try {
      await use(control)
    } finally {
      control.close()
    }
  }
}

function ignoreUnknown(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'user_unknown')) throw error
}
