/** The benchmark as a process: it is no part of the server, and measures it from outside. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { CliError, ExitCode } from './cli-error.ts'
import type { CliContext } from './context.ts'

/** Which program of the benchmark. */
export type BenchProgram = 'main.js' | 'tune/main.js'

/**
 * Runs a program of the benchmark to its end. Its output is passed on; a stop of the command is passed on to it, so
 * that it ends what it started.
 *
 * @returns its exit code
 */
export async function runBench(context: CliContext, program: BenchProgram, args: readonly string[]): Promise<number> {
  const file = fileURLToPath(new URL(`../../bench/${program}`, import.meta.url))
  if (!existsSync(file)) {
    throw new CliError(ExitCode.failed, 'The benchmark is missing from this installation: install the package again.')
  }
  const child = spawn(process.execPath, [file, ...args], {
    env: context.env as NodeJS.ProcessEnv,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  child.stdout.pipe(context.stdout, { end: false })
  child.stderr.pipe(context.stderr, { end: false })
  const stopListening = context.onStop(() => child.kill('SIGTERM'))
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code) => resolve(code ?? ExitCode.failed))
    })
  } finally {
    stopListening()
  }
}
