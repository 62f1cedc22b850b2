/** What a command has of the world: handed in by `main.ts`, and by tests. */
import type { Readable, Writable } from 'node:stream'

/** Where a command reads from; the members beyond a stream are there on a terminal. */
export interface CliInput extends Readable {
  readonly isTTY?: boolean
  setRawMode?(raw: boolean): unknown
}

/** Where a command writes to. */
export interface CliOutput extends Writable {
  readonly isTTY?: boolean
}

/** Listens for something that happens to the process; gives a function that stops listening. */
export type Listen<Take extends unknown[] = []> = (handler: (...take: Take) => void) => () => void

/** The world of a command. */
export interface CliContext {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdin: CliInput
  /** Results, for people and for pipes. */
  readonly stdout: CliOutput
  /** Everything else: questions, progress, warnings, errors. */
  readonly stderr: CliOutput
  /** Of the package. */
  readonly version: string
  /** SIGTERM, SIGINT. */
  readonly onStop: Listen
  /** SIGHUP. */
  readonly onReload: Listen
  /** An error that nobody caught. */
  readonly onCrash: Listen<[error: unknown]>
  /** What the process says to the shell when the command ends without an error. */
  readonly setExitCode: (code: number) => void
}

/** Writes a line of the result. */
export function print(context: CliContext, line: string): void {
  context.stdout.write(`${line}\n`)
}

/** Writes a line beside the result. */
export function note(context: CliContext, line: string): void {
  context.stderr.write(`${line}\n`)
}
