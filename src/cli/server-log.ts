/** The log of a server: JSON lines, or lines for people where a terminal shows them; secrets never get in. */
import { destination, type Logger, pino } from 'pino'
import type { PrettyStream } from 'pino-pretty'
import type { Settings } from '../config/settings.ts'

/** A log that can be emptied before the process ends. */
export interface ServerLogHandle {
  readonly log: Logger
  /** Writes out what waits; call it before the process exits. */
  flush(): void
}

/** Names whose values are left out wherever they stand, in the spellings of the program and of the wire. */
const secretNames = [
  'password',
  'oldPassword',
  'newPassword',
  'passwordHash',
  'token',
  'tokenKey',
  'secret',
  'Password',
  'OldPassword',
  'NewPassword',
  'PasswordHash',
  'Token',
] as const

/** Paths of the secret names at the top of a line and up to two objects deep. */
const redactPaths = secretNames.flatMap((name) => [name, `*.${name}`, `*.*.${name}`])

/** Makes the log on the standard output. `isTerminal`: lines for people, in colour. */
export async function createServerLog(options: {
  level: Settings['logLevel']
  isTerminal: boolean
  colour: boolean
}): Promise<ServerLogHandle> {
  const stream = options.isTerminal ? await linesForPeople(options.colour) : destination({ fd: 1, sync: false })
  // Whoever reads the log may go away; the server has work to do and goes on without.
  stream.on('error', () => {})
  const log = pino(
    {
      level: options.level,
      // The host is known to whoever collects logs; the process is not.
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: redactPaths, censor: '[redacted]' },
    },
    stream,
  )
  return {
    log,
    flush: () => {
      if (!('flushSync' in stream)) return
      try {
        stream.flushSync()
      } catch {
        // The reader of the log is gone, or it was never opened: there is nobody to tell.
      }
    },
  }
}

async function linesForPeople(colorize: boolean): Promise<PrettyStream> {
  // Loaded where a terminal shows them: a service starts sooner without.
  const { build } = await import('pino-pretty')
  return build({
    destination: 1,
    sync: true,
    colorize,
    ignore: 'pid,hostname',
    translateTime: 'SYS:HH:MM:ss.l',
    singleLine: true,
  })
}
