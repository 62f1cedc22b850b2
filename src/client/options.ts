/** Every option of a client with its default, and the check of what the caller gave. */
import { type AddressOptions, readAddress } from './address.ts'
import type { Backoff } from './backoff.ts'
import type { CursorStore } from './cursor.ts'
import { ParleyError } from './errors.ts'
import type { KeyPins } from './key-pins.ts'
import type { SealingLayer } from './sealed-channel.ts'
import type { SealOptions } from './sealing-options.ts'
import type { SignAlgorithm } from './signing.ts'
import type { Address, Charset } from './transport.ts'

/** How the client comes back after a lost connection. */
export interface ReconnectOptions extends Partial<Backoff> {
  /** How many tries in a row before it gives up; without end by default. */
  readonly attemptsMax?: number
}

/** What `connect` takes. Times in milliseconds; a bound that is left out has the default of `optionDefaults`. */
export interface ConnectOptions extends AddressOptions {
  /** The delimiters of frames on TCP, as the server has them. */
  readonly startByte?: number
  readonly endByte?: number
  readonly charset?: Charset
  /**
   * Seals every connection, and never logs in otherwise: `true` trusts the server's key on first use. In Node only.
   * Without it, or with false, everything goes as it is.
   */
  readonly seal?: boolean | SealOptions
  /**
   * Signs every message to a user or to all: `PS256` with the key of this device, which receivers can check; `HS256` for the
   * server alone. Needs `seal`.
   */
  readonly sign?: SignAlgorithm
  /** Checks the signatures of messages before they are told: the verdict is their `signature`. Needs `seal`. */
  readonly verifySignatures?: boolean
  /** Where other users' keys are remembered: a file's path, or an object of your own; else for the life of the client. */
  readonly keyPins?: string | KeyPins
  /**
   * Names this device to the server, the same at every start: it then keeps what the device has not acknowledged, also beside
   * other devices of the user. Without it the client is one of those without a name, which share what is kept for the user.
   */
  readonly deviceId?: string
  /** False: messages are not acknowledged, and come at most once. */
  readonly acknowledge?: boolean
  /** Remembers from one start to the next what was acknowledged; a client without it knows that as long as it lives. */
  readonly cursorStore?: CursorStore
  /** Asks for `receipt` events: what becomes of messages after their answer. */
  readonly receipts?: boolean
  /** What the server is told of this program, as `name/version`. */
  readonly clientName?: string
  /** False: a lost connection closes the client. */
  readonly reconnect?: false | ReconnectOptions
  /** Ends the first attempt to connect; later use `close`. */
  readonly signal?: AbortSignal
  /** The longest body, sent or received; see `TransportOptions`. */
  readonly frameBytesMax?: number
  readonly connectTimeoutMs?: number
  readonly requestTimeoutMs?: number
  readonly loginTimeoutMs?: number
  readonly closeTimeoutMs?: number
  readonly heartbeatIntervalMs?: number
  readonly heartbeatTimeoutMs?: number
  readonly unsentBytesMax?: number
  readonly queuedMessagesMax?: number
  readonly queuedBytesMax?: number
  readonly requestsMax?: number
  readonly iteratorMessagesMax?: number
  readonly iteratorBytesMax?: number
  /** Numbers from 0 to 1, for the jitter of reconnecting. */
  readonly random?: () => number
}

/** The bounds, each with its reason. */
export const optionDefaults = {
  /** The most that a server can be set to take is 4 MiB. */
  frameBytesMax: 4 * 1024 * 1024,
  connectTimeoutMs: 10_000,
  requestTimeoutMs: 10_000,
  /** A server may take up to 60 s to check a password when everybody logs in at once. */
  loginTimeoutMs: 65_000,
  /** How long `close` waits for what is being sent. */
  closeTimeoutMs: 5_000,
  /** After so long without a byte the client asks for a sign of life; 0: never. A server asks after 25 s. */
  heartbeatIntervalMs: 30_000,
  /** After so long without an answer to that, the connection counts as lost. */
  heartbeatTimeoutMs: 10_000,
  /** Bytes given to the connection and not yet to the network; over it, messages wait in the queue. */
  unsentBytesMax: 1024 * 1024,
  /** Messages that wait in the queue, for the network or for a reconnect; over it, `queue_full`. */
  queuedMessagesMax: 10_000,
  /** The size of the same messages. */
  queuedBytesMax: 16 * 1024 * 1024,
  /** Requests that wait for an answer; over it, `queue_full`. */
  requestsMax: 65_536,
  /** Messages that one iterator holds for a loop that is slower than they come; over it, `iterator_overflow`. As many as may wait to be handled. */
  iteratorMessagesMax: 10_000,
  /** The size of the same messages. */
  iteratorBytesMax: 16 * 1024 * 1024,
} as const

/** The options that are plain numbers. */
type Bounds = { readonly [Name in keyof typeof optionDefaults]: number }

/** The options of a client with nothing left open. */
export interface ClientOptions extends Bounds {
  readonly address: Address
  readonly startByte: number
  readonly endByte: number
  readonly charset: Charset
  readonly deviceId: string | undefined
  readonly acknowledge: boolean
  readonly cursorStore: CursorStore | undefined
  readonly receipts: boolean
  readonly clientName: string
  readonly reconnect: (Backoff & { readonly attemptsMax: number }) | undefined
  readonly random: () => number
  readonly sign: SignAlgorithm | undefined
  readonly verifySignatures: boolean
  readonly keyPins: string | KeyPins | undefined
  /** Undefined: connections are not sealed. */
  readonly sealing: SealingLayer | undefined
}

/**
 * Fills in the defaults.
 *
 * @throws ParleyError `bad_argument` that names the option
 */
export function readOptions(given: ConnectOptions): ClientOptions {
  if (!given.seal && (given.sign !== undefined || given.verifySignatures)) {
    throw new ParleyError('bad_argument', { message: 'The options sign and verifySignatures need the option seal.' })
  }
  const bounds: Record<string, number> = {}
  for (const [name, byDefault] of Object.entries(optionDefaults)) {
    const value = given[name as keyof Bounds] ?? byDefault
    const least = name === 'heartbeatIntervalMs' ? 0 : 1
    if (!Number.isFinite(value) || value < least) {
      throw new ParleyError('bad_argument', { message: `The option ${name} must be a number of at least ${least}.` })
    }
    bounds[name] = value
  }
  return {
    ...(bounds as Bounds),
    address: readAddress(given),
    startByte: given.startByte ?? 0x02,
    endByte: given.endByte ?? 0x03,
    charset: given.charset ?? 'utf-8',
    deviceId: given.deviceId,
    acknowledge: given.acknowledge ?? true,
    cursorStore: given.cursorStore,
    receipts: given.receipts ?? false,
    clientName: given.clientName ?? 'parley-client/1',
    reconnect: given.reconnect === false ? undefined : readReconnect(given.reconnect ?? {}),
    random: given.random ?? Math.random,
    sign: given.sign,
    verifySignatures: given.verifySignatures ?? false,
    keyPins: given.keyPins,
    sealing: undefined,
  }
}

function readReconnect(given: ReconnectOptions): Backoff & { readonly attemptsMax: number } {
  return {
    baseMs: given.baseMs ?? 500,
    capMs: given.capMs ?? 30_000,
    attemptsMax: given.attemptsMax ?? Number.POSITIVE_INFINITY,
  }
}
