/**
 * How a kind of server stores messages for receivers who are away: how their sender asks for an answer and reads it,
 * and how the receivers fetch the messages later and acknowledge them. All of it is prepared before the measurement, like
 * everything else of a wire. Pure.
 */
import type { Dialogue } from './wire.ts'

/** Puts the number of a request into an encoded message that begins at `at`. */
export type NumberWriter = (bytes: Buffer, at: number, sequence: number) => void

/**
 * Reads an answer: the number of the message that is stored, {@link notAnAnswer}, or {@link refused}. `expected` is the
 * first number that has had no answer yet.
 */
export type AnswerReader = (bytes: Buffer, start: number, end: number, expected: number) => number

/** The frame is something else. */
export const notAnAnswer = -1
/** The frame says that a message is not stored. */
export const refused = -2

/** What one receiver acknowledges. */
export interface Acknowledger {
  /** Takes a message; the bytes are valid only during the call. */
  take(bytes: Buffer, start: number, end: number): void
  /** Acknowledges what was taken since the last time; undefined when that is nothing. Valid until the next call. */
  flush(): Buffer | undefined
  /** Acknowledges everything that was taken, and asks for an answer to that. */
  finish(): Buffer
  /** Whether a frame is that answer. */
  isFinished(bytes: Buffer, start: number, end: number): boolean
}

/** The part of a wire that stores. */
export interface Storing {
  /** What somebody says once to a server that has just started. */
  readonly setUp?: Dialogue
  /** Whether receivers log in once before anybody writes to them, and subscribe, so that messages are kept for them. */
  readonly mustEnrol: boolean
  /** What a sender says after its login. */
  readonly beginSending?: (userId: string) => Dialogue
  /** How the number of a request is written, for messages encoded like this one. */
  readonly numberWriter: (frame: Buffer) => NumberWriter
  /** Written behind the messages of each write, where the answer has to be asked for. */
  readonly question?: Buffer
  readonly makeAnswerReader: () => AnswerReader
  /** Whether one answer is for all messages up to its number. */
  readonly isCumulative: boolean
  /** What a receiver's place is prepared with before it fetches; not part of what is measured. */
  readonly beforeFetching?: (userId: string) => Dialogue
  /** What a receiver says after its login to be given its messages; undefined where the login is enough. */
  readonly fetch?: (userId: string) => Buffer
  readonly makeAcknowledger: (userId: string) => Acknowledger
}
