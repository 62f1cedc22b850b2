/**
 * How a generator speaks with one kind of server: the login, the messages, and where a message ends in the
 * input. All kinds get the same effort: everything is encoded before the measurement, and a reader looks at as few
 * bytes as its protocol allows. Pure.
 */
import type { MessageShape, Route } from '../frame.ts'
import type { FrameHandler } from '../frame-reader.ts'
import type { Login } from '../raw-connection.ts'
import type { Storing } from './storing.ts'

/** The kinds. */
export const wireNames = [
  'parley',
  'nats',
  'mqtt',
  'resp',
  'xmpp',
  'socket-io',
  'jetstream',
  'mqtt-qos1',
  'xmpp-offline',
] as const

/** The name of a kind. */
export type WireName = (typeof wireNames)[number]

/** What comes next in a dialogue, seen from the client. `consumed` bytes of the input are dealt with. */
export type Step =
  | { readonly kind: 'wait' }
  | { readonly kind: 'say'; readonly bytes: Buffer; readonly consumed: number }
  | {
      readonly kind: 'done'
      readonly consumed: number
      readonly token?: string
      /** What a sealed session can be resumed with. */
      readonly ticket?: string
    }
  | { readonly kind: 'failed'; readonly reason: string }

/** Question and answer before the messages. */
export interface Dialogue {
  /** What the client says first. */
  readonly opening: Buffer
  /** Takes all input that is not dealt with yet. */
  readonly hear: (input: Buffer) => Step
}

/** Splits input into frames. */
export interface Reader {
  handler: FrameHandler
  /** Takes the first `length` bytes of `bytes`, which may be overwritten afterwards. */
  consume(bytes: Buffer, length: number): void
}

/** What a frame that is not a message wants: nothing, an answer, or to be complained about. */
export type Control = 'nothing' | 'complaint' | Buffer

/** One kind of server. */
export interface Wire {
  readonly login: (login: Login) => Dialogue
  /** Asks for the messages to some topics; undefined where a login is enough. The topic of a user is its name. */
  readonly subscribe: (topics: readonly string[]) => Dialogue | undefined
  /** One message to the user `toUserId`, with a mark in its text. */
  readonly encodeMessage: (route: Route, shape: MessageShape) => Buffer
  /** One message to everybody who is subscribed to {@link everyone}, or online where a login is enough; see `canBroadcast`. */
  readonly encodeBroadcast: (route: Route, shape: MessageShape) => Buffer
  readonly makeReader: (handler: FrameHandler) => Reader
  /** Whether the server says a line in plain text before TLS begins. */
  readonly greetsBeforeTls?: boolean
  readonly control: (frame: Buffer) => Control
  /** How it stores messages for those who are away, where it does. */
  readonly storing?: Storing
}

/** The topic of a broadcast. */
export const everyone = 'everyone'

/** Waits for more input. */
export const wait: Step = { kind: 'wait' }
