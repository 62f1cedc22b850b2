/** Runs commands for tests: in this process with streams of the test's own, or as a process. */
import { spawn } from 'node:child_process'
import { PassThrough, Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import type { CliContext, CliInput } from '../../src/cli/context.ts'
import { runCli } from '../../src/cli/program.ts'
import { controlFolder, controlPath } from '../../src/server/control-protocol.ts'
import { type ControlHandlers, startControlServer } from '../../src/server/control-server.ts'

/** What a command left behind. */
export interface CliRun {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

/** What a command is given. */
export interface CliWorld {
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string
}

/** A context whose outputs are collected. */
export function testContext(world: CliWorld & { readonly input?: CliInput } = {}): {
  readonly context: CliContext
  readonly run: () => { stdout: string; stderr: string; exitCode: number }
} {
  const texts = { stdout: '', stderr: '' }
  let exitCode = 0
  const collect = (name: 'stdout' | 'stderr'): PassThrough => {
    const stream = new PassThrough()
    stream.on('data', (chunk: Buffer) => {
      texts[name] += chunk.toString()
    })
    return stream
  }
  const context: CliContext = {
    env: world.env ?? {},
    stdin: world.input ?? Readable.from(world.stdin === undefined ? [] : [Buffer.from(world.stdin)]),
    stdout: collect('stdout'),
    stderr: collect('stderr'),
    version: '9.8.7',
    onStop: () => () => {},
    onReload: () => () => {},
    onCrash: () => () => {},
    setExitCode: (code) => {
      exitCode = code
    },
  }
  return { context, run: () => ({ ...texts, exitCode }) }
}

/** Runs a command in this process. */
export async function runHere(args: readonly string[], world: CliWorld = {}): Promise<CliRun> {
  const { context, run } = testContext(world)
  const exitCode = await runCli(args, context)
  // The collecting streams pass on what they got in the next turn.
  await new Promise((resolve) => setImmediate(resolve))
  return { ...run(), exitCode }
}

/** The program as it is installed. */
export const cliFile: string = fileURLToPath(new URL('../../../bin/parley.js', import.meta.url))

/** Runs a command as a process of its own. */
export async function runProcess(args: readonly string[], world: CliWorld = {}): Promise<CliRun> {
  const child = spawn(process.execPath, [cliFile, ...args], { env: { PATH: process.env['PATH'], ...world.env } })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  child.stdin.on('error', () => {})
  child.stdin.end(world.stdin ?? '')
  const exitCode = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { exitCode, stdout, stderr }
}

/** A control server with handlers of the test's own, in place of a whole server. */
export async function fakeServer(t: Test, dataDir: string, handlers: Partial<ControlHandlers>): Promise<void> {
  if (controlPath(dataDir).startsWith(controlFolder())) throw new Error('use a short folder')
  const none = (): never => {
    throw new Error('not expected')
  }
  const server = await startControlServer({
    path: controlPath(dataDir),
    handlers: {
      status: none,
      who: none,
      kick: none,
      send: none,
      broadcast: none,
      history: none,
      explain: none,
      keysShow: none,
      keysRotate: none,
      pendingKeys: none,
      approveKey: none,
      store: none,
      ...handlers,
    },
    limits: { lineBytesMax: 1_000_000, connectionsMax: 4, idleMs: 10_000 },
    onEvent: () => {},
  })
  t.teardown(() => server.close())
}
