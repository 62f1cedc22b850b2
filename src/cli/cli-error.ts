/** How commands end: exit codes, and the error that stops one with a sentence. */

/** What the process says to the shell. */
export const ExitCode = {
  ok: 0,
  /** It was tried and failed. */
  failed: 1,
  /** It was asked for wrongly: arguments or settings. */
  usage: 2,
  /** Something that is needed is not there or taken: a port, a running server (EX_UNAVAILABLE of sysexits.h). */
  unavailable: 69,
} as const
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode]

/** Ends a command: the sentence is shown, the code becomes the process's. */
export class CliError extends Error {
  readonly exitCode: ExitCode

  constructor(exitCode: ExitCode, message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'CliError'
    this.exitCode = exitCode
  }
}

/** What to do about codes that commands meet; the sentence of the error itself goes before it. */
const advice: Readonly<Record<string, string>> = {
  exists: 'Change its password with: parley user passwd NAME',
  user_unknown: 'See who has an account: parley user list',
  user_offline: 'See who is online: parley who',
  unknown_call: 'Restart the server with this version, or use the command of its version.',
  storage_failed: 'See what is wrong with: parley doctor',
}

/** Codes of things that are not there or taken. */
const unavailable: ReadonlySet<string> = new Set([
  'no_answer',
  'connect_failed',
  'connection_lost',
  'server_busy',
  'server_draining',
])

/** Codes of what was asked for wrongly. */
const usage: ReadonlySet<string> = new Set(['bad_argument', 'bad_request'])

/** The exit code and the words for whatever ended a command. */
export function explain(error: unknown): { exitCode: ExitCode; message: string } {
  if (error instanceof CliError) return { exitCode: error.exitCode, message: error.message }
  const message = error instanceof Error ? error.message : String(error)
  const code = codeOf(error)
  if (code === undefined) return { exitCode: ExitCode.failed, message }
  const more = advice[code]
  return { exitCode: exitCodeOf(code), message: more === undefined ? message : `${message}\n${more}` }
}

function exitCodeOf(code: string): ExitCode {
  if (usage.has(code)) return ExitCode.usage
  return unavailable.has(code) ? ExitCode.unavailable : ExitCode.failed
}

/** The code of an error, where it has one. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
