/**
 * One connection of a client, from open to over: reads messages out of bodies, watches that the peer is
 * alive, and remembers what the server said of the end.
 */
import { isErrorCode } from '../protocol/errors.ts'
import { failureIn } from './answer.ts'
import { attempt } from './attempt.ts'
import { endsConnection, ParleyError } from './errors.ts'
import { type IncomingMessage, readMessage } from './message.ts'
import type { ClientOptions } from './options.ts'
import { PeerWatch } from './peer-watch.ts'
import type { SealedChannel } from './sealed-channel.ts'
import { openTransport, type Transport, type TransportEvents } from './transport.ts'

/** What a link tells its owner. */
export interface LinkEvents {
  message(message: IncomingMessage): void
  /** Something that came could not be read; it was skipped. */
  fault(error: ParleyError): void
  /** The connection takes messages again. */
  drained(): void
  /** The connection is over, called once; with the server's reason, else `connection_lost`. */
  lost(error: ParleyError): void
  /** Silence: send a `HeartbeatRequest`. */
  heartbeat(): void
}

/** Codes that are also of single messages, but are the reason of the end when that follows at once. */
const lastWordCodes: ReadonlySet<string> = new Set(['banned', 'auth_failed', 'auth_required', 'server_busy'])

/** How long an orderly end may take, in milliseconds. */
const endTimeoutMs = 2_000

/** See the head of the file. */
export class Link {
  readonly #options: ClientOptions
  readonly #events: LinkEvents
  /** Resolves when the connection is over. */
  readonly over: Promise<void>
  #resolveOver = (): void => {}
  #transport: Transport | undefined
  #channel: SealedChannel | undefined
  #watch: PeerWatch | undefined
  /** Why the server will end, or has ended, the connection. */
  #lastWord: ParleyError | undefined
  #end: ParleyError | undefined

  constructor(options: ClientOptions, events: LinkEvents) {
    this.#options = options
    this.#events = events
    this.over = new Promise((resolve) => {
      this.#resolveOver = resolve
    })
  }

  /**
   * Connects; called once.
   *
   * @throws ParleyError `connect_failed` with the cause, or `bad_argument`, or what the server said when it
   *   ended the connection at once; the signal's reason when that fired
   */
  async open(signal: AbortSignal): Promise<void> {
    await attempt(this.#options, signal, (signal) => this.#connect(signal))
    // A server may refuse with its first breath, before anybody has seen that the connection is open.
    if (this.#end !== undefined) throw this.#end
  }

  /** The sealed session of this connection, if it is sealed. */
  get channel(): SealedChannel | undefined {
    return this.#channel
  }

  /** False until the login has been sent in a sealed session: its first record carries that, and nothing goes before. */
  get takesMessages(): boolean {
    return this.#channel?.isProven ?? true
  }

  get unsentBytes(): number {
    return this.#transport?.unsentBytes ?? 0
  }

  send(body: string): void {
    this.#transport?.send(body)
  }

  /** Begins to watch that the peer is alive. */
  watch(): void {
    this.#watch ??= new PeerWatch({
      intervalMs: this.#options.heartbeatIntervalMs,
      timeoutMs: this.#options.heartbeatTimeoutMs,
      probe: () => this.#events.heartbeat(),
      dead: () => {
        this.#lastWord = new ParleyError('connection_lost', { message: 'The server gave no sign of life.' })
        this.destroy()
      },
    })
  }

  /** Sends what is queued, then ends. */
  end(): void {
    this.#watch?.stop()
    this.#transport?.end()
    // A peer that does not read would keep the connection half closed for ever.
    const timer = setTimeout(() => this.destroy(), endTimeoutMs)
    void this.over.then(() => clearTimeout(timer))
  }

  /** Ends at once. */
  destroy(): void {
    this.#watch?.stop()
    this.#transport?.destroy()
  }

  async #connect(signal: AbortSignal): Promise<void> {
    const { address, sealing } = this.#options
    const options = { ...this.#options, signal }
    const events: TransportEvents = {
      body: (text) => this.#receive(text),
      fault: (error) => this.#events.fault(error),
      drained: () => this.#events.drained(),
      closed: (cause) => this.#closed(cause),
    }
    if (sealing === undefined) {
      this.#transport = await openTransport(address, options, events)
      return
    }
    this.#channel = await sealing.open(options, events)
    this.#transport = this.#channel
  }

  #receive(body: string): void {
    this.#watch?.heard()
    const message = readMessage(body)
    if (message instanceof ParleyError) {
      this.#events.fault(message)
      return
    }
    this.#noteLastWord(message)
    this.#events.message(message)
  }

  /** A code that only ends connections stands, whatever comes after; others only as the very last word. */
  #noteLastWord(message: IncomingMessage): void {
    if (this.#lastWord !== undefined && endsConnection(this.#lastWord.code)) return
    this.#lastWord = undefined
    if (message.from !== '' || message.type !== 'ErrorResponse') return
    const error = failureIn(message)
    // A code of a newer server may be a reason, too; its `Retryable` says whether to come back.
    if (
      error !== undefined &&
      (endsConnection(error.code) || lastWordCodes.has(error.code) || !isErrorCode(error.code))
    ) {
      this.#lastWord = error
    }
  }

  #closed(cause: unknown): void {
    this.#watch?.stop()
    this.#end =
      this.#lastWord ??
      (cause instanceof ParleyError ? cause : new ParleyError('connection_lost', { message: lostText(cause), cause }))
    this.#resolveOver()
    this.#events.lost(this.#end)
  }
}

function lostText(cause: unknown): string {
  return cause instanceof Error && cause.message !== ''
    ? `The connection was lost: ${cause.message}.`
    : 'The server ended the connection.'
}
