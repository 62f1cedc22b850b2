/** Tokens of a server's users, so that a password is checked once per user and not in every run. */
import { Generator } from '../generator/generator.ts'
import type { Login } from '../generator/raw-connection.ts'
import type { Server } from './server.ts'

/** Keeps the tokens of one server. */
export class TokenCache {
  readonly #server: Server
  readonly #tokens: string[] = []

  constructor(server: Server) {
    this.#server = server
  }

  /** Logins by token of the users from 0 on; by password where the server knows no tokens. */
  async logins(count: number): Promise<Login[]> {
    if ((this.#server.endpoint.wire ?? 'parley') !== 'parley') {
      return Array.from({ length: count }, (_, user) => this.#server.login(user))
    }
    const missing = Array.from({ length: Math.max(0, count - this.#tokens.length) }, (_, index) =>
      this.#server.login(this.#tokens.length + index),
    )
    if (missing.length > 0) this.#tokens.push(...(await this.#fetch(missing)))
    return this.#tokens.slice(0, count).map((token, user) => ({ userId: this.#server.login(user).userId, token }))
  }

  /** The same without a login before, where that is possible: for many users. */
  async minted(count: number): Promise<Login[]> {
    const tokens = await this.#server.mintTokens?.(count)
    if (tokens === undefined) return this.logins(count)
    return tokens.map((token, user) => ({ userId: this.#server.login(user).userId, token }))
  }

  async #fetch(logins: readonly Login[]): Promise<readonly string[]> {
    const generator = Generator.start()
    try {
      await generator.prepare({ kind: 'tokens', endpoint: this.#server.endpoint, logins })
      return (await generator.stop()).tokens ?? []
    } finally {
      generator.close()
    }
  }
}
