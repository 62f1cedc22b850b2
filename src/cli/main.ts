/** The entry of the command line: joins it to the process. The only place for `process.exit`, signals and `process.env`. */
import { isatty } from 'node:tty'
import { ExitCode } from './cli-error.ts'
import type { CliContext, Listen } from './context.ts'
import { packageVersion } from './package-version.ts'
import { runCli } from './program.ts'

// A reader that has seen enough, such as `head`, is no error of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) =>
  exit(error.code === 'EPIPE' ? ExitCode.ok : ExitCode.failed),
)
process.stderr.on('error', () => {})

const context: CliContext = {
  env: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  version: packageVersion(),
  onStop: onSignals('SIGTERM', 'SIGINT'),
  // Windows has no SIGHUP but for a console that closes, and ends the process then whatever it does.
  onReload: process.platform === 'win32' ? () => () => {} : onSignals('SIGHUP'),
  onCrash: (handler) => {
    process.on('uncaughtException', handler)
    process.on('unhandledRejection', handler)
    return () => {
      process.off('uncaughtException', handler)
      process.off('unhandledRejection', handler)
    }
  },
  setExitCode: () => {},
}

exit(await runCli(process.argv.slice(2), context))

function onSignals(...signals: readonly NodeJS.Signals[]): Listen {
  return (handler) => {
    // Signals give their name to handlers, which is no business of a command.
    const listener = (): void => handler()
    for (const signal of signals) process.on(signal, listener)
    return () => {
      for (const signal of signals) process.off(signal, listener)
    }
  }
}

/** Ends the process once what was written has gone out; a pipe may still hold some of it. */
function exit(code: number): void {
  process.exitCode = code
  process.stdout.write('', () => process.stderr.write('', () => leave(code)))
}

/**
 * Node aborts in an exit where its terminal is gone, because it can't set it back to what it was (20.20, `ResetStdio`).
 * There the hang-up ends the process, as it does one that never listened for it.
 */
function leave(code: number): void {
  const streams = [process.stdin, process.stdout, process.stderr]
  const isHungUp = streams.some((stream, descriptor) => stream.isTTY && !isatty(descriptor))
  if (isHungUp && process.platform !== 'win32') process.kill(process.pid, 'SIGHUP')
  else process.exit(code)
}
