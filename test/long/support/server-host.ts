/**
 * A process in which one server after another is started, on data that may be damaged: the child's side and the parent's.
 * A server that takes its process down with it is news, not the end of the test.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { loadSettings } from '../../../src/config/load-settings.ts'
import { startServer } from '../../../src/server/server.ts'
import { within } from '../../system/support/deadline.ts'

/** What the parent asks for: a server with these settings, or the end of the one that runs. */
type Command = { readonly flags: Readonly<Record<string, string>> } | 'stop'

/** What came of it. */
type Outcome =
  | { readonly kind: 'started'; readonly port: number; readonly warnings: readonly string[] }
  | { readonly kind: 'refused'; readonly reason: string }
  /** With the warnings and errors that it had logged. */
  | { readonly kind: 'stopped'; readonly warnings: readonly string[] }

/** What a server did that was started on some data. */
export interface HostedRun {
  /** Undefined: it did not start. */
  readonly port: number | undefined
  /** Why it did not start, or what took the process down. */
  readonly reason: string
  /** Warnings and errors that were logged at the start. */
  readonly warnings: readonly string[]
}

/** See the head of the file. */
export class ServerHost {
  #child: ChildProcess | undefined
  #said = ''

  /** Starts a server; `kind` says whether it runs. */
  async start(flags: Readonly<Record<string, string>>): Promise<HostedRun> {
    const outcome = await this.#ask({ flags })
    if (outcome?.kind === 'started') return { port: outcome.port, reason: '', warnings: outcome.warnings }
    return {
      port: undefined,
      reason: outcome?.kind === 'refused' ? outcome.reason : `the process ended: ${this.#said}`,
      warnings: [],
    }
  }

  /** Stops the server that runs; gives its warnings, or undefined when its process has ended meanwhile. */
  async stop(): Promise<readonly string[] | undefined> {
    if (this.#child === undefined) return undefined
    const outcome = await this.#ask('stop')
    return outcome?.kind === 'stopped' ? outcome.warnings : undefined
  }

  /** What the process said last, for people. */
  get said(): string {
    return this.#said
  }

  /** Ends the process. */
  async end(): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }

  /** Undefined: the process has ended. */
  async #ask(command: Command): Promise<Outcome | undefined> {
    const child = this.#child ?? this.#fork()
    const ended = new AbortController()
    const onEnd = (): void => ended.abort()
    child.once('exit', onEnd)
    try {
      const answer = once(child, 'message', { signal: ended.signal })
      child.send(command, () => {})
      const [outcome] = (await within(answer, 'a word of the server', 60_000)) as [Outcome]
      return outcome
    } catch (error) {
      if (ended.signal.aborted) return undefined
      throw error
    } finally {
      child.removeListener('exit', onEnd)
    }
  }

  #fork(): ChildProcess {
    const child = fork(new URL(import.meta.url), ['host'], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
    this.#said = ''
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#said = (this.#said + chunk).slice(-2000)
    })
    child.once('exit', () => {
      this.#child = undefined
    })
    this.#child = child
    return child
  }
}

if (process.send !== undefined && process.argv[2] === 'host') runChild()

function runChild(): void {
  const tell = (outcome: Outcome): void => void process.send?.(outcome)
  let stop: () => Promise<void> = async () => {}
  let warnings: string[] = []
  const start = async (flags: Readonly<Record<string, string>>): Promise<number> => {
    const loaded = loadSettings({ flags, env: {}, envFile: undefined })
    if (loaded.kind === 'refused') throw new Error(loaded.problems.join('; '))
    warnings = []
    const nothing = (): void => {}
    const warn = (fields: object, message: string): void => {
      warnings.push(`${message} ${JSON.stringify(fields)}`)
    }
    const log = { debug: nothing, info: nothing, warn, error: warn }
    const server = await startServer({ settings: loaded.settings, log, version: '0.0.0-test', firstOperator: nothing })
    stop = () => server.drain()
    return server.addresses.find(({ listener }) => listener === 'tcp')?.port ?? 0
  }
  process.on('message', (command: Command) => {
    if (command === 'stop') void stop().then(() => tell({ kind: 'stopped', warnings }))
    else {
      start(command.flags).then(
        (port) => tell({ kind: 'started', port, warnings }),
        (error: Error) => tell({ kind: 'refused', reason: error.message }),
      )
    }
  })
  process.once('disconnect', () => process.exit(0))
}
