/**
 * A server in a process of its own, so that its memory is its own and it can be killed: the child's side and the parent's.
 * The child catches the threads that the server starts, so that one of them can be ended as by a crash.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { loadSettings } from '../../../src/config/load-settings.ts'
import type { ServerLog } from '../../../src/server/event-log.ts'
import { startServer } from '../../../src/server/server.ts'
import { lastPoolThread, lastThread } from '../../system/support/caught-threads.ts'
import { within } from '../../system/support/deadline.ts'

/** Which thread to end. */
export type ThreadName = 'store' | 'acceptor' | 'pool'

/** A line of the child's log that somebody should look at. */
export interface WarningLine {
  readonly level: 'warn' | 'error'
  readonly message: string
  readonly fields: string
}

/** A server process as its parent sees it. */
export interface ServerProcess {
  readonly port: number
  readonly child: ChildProcess
  /** From the start of the process until it listens. */
  readonly readyMs: number
  /** Warnings and errors of its log. */
  readonly warnings: readonly WarningLine[]
  /** Drains it; gives its exit code. */
  stop(): Promise<number | null>
  /** Ends it at once, by SIGKILL. */
  kill(): Promise<void>
  /** Ends a thread of it. */
  terminate(thread: ThreadName): void
}

/** What the child tells. */
type ChildMessage =
  | { readonly kind: 'ready'; readonly port: number }
  | { readonly kind: 'warning'; readonly line: WarningLine }

/** A child that has ended before it was ready, with what it said. */
export class StartRefused extends Error {
  readonly code: number | null
  readonly warnings: readonly WarningLine[]

  constructor(code: number | null, said: string, warnings: readonly WarningLine[]) {
    super(`the server has ended with ${code}: ${said}`)
    this.code = code
    this.warnings = warnings
  }
}

/** Starts one. `flags` are settings with their prefix. @throws StartRefused */
export async function startServerProcess(flags: Readonly<Record<string, string>>): Promise<ServerProcess> {
  const { child, ready, warnings } = forkServer(flags)
  const startedAt = performance.now()
  const { port } = await within(ready, 'the start of the server', 30_000)
  const isGone = (): boolean => child.exitCode !== null || child.signalCode !== null
  return {
    port,
    child,
    readyMs: performance.now() - startedAt,
    warnings,
    stop: async () => {
      if (!isGone()) {
        const exited = once(child, 'exit')
        child.disconnect()
        await within(exited, 'the end of the server', 30_000).catch(() => child.kill('SIGKILL'))
      }
      return child.exitCode
    },
    kill: async () => {
      if (isGone()) return
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    },
    terminate: (thread) => void child.send(thread),
  }
}

/** Starts one and kills it after a while, most likely before it is ready. */
export async function killWhileStarting(flags: Readonly<Record<string, string>>, afterMs: number): Promise<void> {
  const { child, ready } = forkServer(flags)
  ready.catch(() => {})
  const exited = once(child, 'exit')
  const timer = setTimeout(() => child.kill('SIGKILL'), afterMs)
  await exited
  clearTimeout(timer)
}

function forkServer(flags: Readonly<Record<string, string>>): {
  child: ChildProcess
  ready: Promise<{ readonly port: number }>
  warnings: WarningLine[]
} {
  const child = fork(new URL(import.meta.url), [JSON.stringify(flags)], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  const warnings: WarningLine[] = []
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk).slice(-4000)
  })
  const ready = new Promise<{ port: number }>((resolve, reject) => {
    child.on('message', (message: ChildMessage) => {
      if (message.kind === 'ready') resolve(message)
      else warnings.push(message.line)
    })
    // Not `exit`: what it said may come after that.
    child.once('close', (code) => reject(new StartRefused(code, said, warnings)))
  })
  return { child, ready, warnings }
}

const [, , argument] = process.argv
if (process.send !== undefined && argument?.startsWith('{')) await runChild(argument)

async function runChild(flags: string): Promise<void> {
  const loaded = loadSettings({ flags: JSON.parse(flags) as Record<string, string>, env: {}, envFile: undefined })
  if (loaded.kind === 'refused') throw new Error(loaded.problems.join('; '))
  const tell = (message: ChildMessage): void => {
    if (process.connected) process.send?.(message)
  }
  const nothing = (): void => {}
  const warn =
    (level: WarningLine['level']): ServerLog['warn'] =>
    (fields, message) =>
      tell({ kind: 'warning', line: { level, message, fields: JSON.stringify(fields) } })
  const server = await startServer({
    settings: loaded.settings,
    log: { debug: nothing, info: nothing, warn: warn('warn'), error: warn('error') },
    version: '0.0.0-test',
    firstOperator: nothing,
  })
  const port = server.addresses.find(({ listener }) => listener === 'tcp')?.port ?? 0
  tell({ kind: 'ready', port })
  process.on('message', (thread: ThreadName) => {
    const worker = thread === 'pool' ? lastPoolThread() : lastThread(`parley-${thread}`)
    void worker.terminate()
  })
  void server.ended.then((how) => {
    if (how.code === 'drained') return
    console.error(how.error)
    process.exit(1)
  })
  process.once('disconnect', () => void server.drain().then(() => process.exit(0)))
}
