/** A server that the benchmark starts as a child process: waits until it listens, and ends it by its pid alone. */
import { type ChildProcess, spawn } from 'node:child_process'
import net from 'node:net'

// A server that has no keys yet makes them first, and on a busy machine that takes a while.
const listenTimeoutMs = 60_000
const exitTimeoutMs = 20_000
const pollMs = 25
const outputBytesMax = 4000

/** What to run. */
export interface Command {
  readonly name: string
  /** The program; node unless said otherwise. */
  readonly program?: string
  /** Its arguments. */
  readonly args: readonly string[]
  readonly port: number
  readonly folder: string
  readonly environment: NodeJS.ProcessEnv
  /** Where node leaves CPU profiles. */
  readonly profileFolder: string | undefined
  /** Whether it gets a channel to this process, whose end tells it that this process is gone. */
  readonly hasChannel: boolean
}

const running = new Set<ChildProcess>()
// Whatever ends the benchmark, its servers do not outlive it.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** A child process that serves. */
export class ServerProcess {
  readonly #child: ChildProcess
  readonly #name: string
  readonly #exited: Promise<void>
  #output = ''

  private constructor(command: Command) {
    this.#name = command.name
    const profile = command.profileFolder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${command.profileFolder}`]
    this.#child = spawn(command.program ?? process.execPath, [...profile, ...command.args], {
      cwd: command.folder,
      env: command.environment,
      stdio: command.hasChannel ? ['ignore', 'pipe', 'pipe', 'ipc'] : ['ignore', 'pipe', 'pipe'],
    })
    const child = this.#child
    running.add(child)
    child.stdout?.on('data', (chunk: Buffer) => this.#keep(chunk))
    child.stderr?.on('data', (chunk: Buffer) => this.#keep(chunk))
    this.#exited = new Promise((resolve) => {
      const ended = (): void => {
        running.delete(child)
        resolve()
      }
      child.on('exit', ended)
      child.on('error', ended)
    })
  }

  /** Starts a server and waits until its port takes connections. Rejects with its last words when it does not. */
  static async start(command: Command): Promise<ServerProcess> {
    const server = new ServerProcess(command)
    const deadline = performance.now() + listenTimeoutMs
    while (!(await canConnect(command.port))) {
      if (!running.has(server.#child)) throw new Error(`${command.name} ended at once:\n${server.#output}`)
      if (performance.now() > deadline) {
        await server.stop()
        throw new Error(`${command.name} did not listen within ${listenTimeoutMs / 1000} s:\n${server.#output}`)
      }
      await new Promise((resolve) => setTimeout(resolve, pollMs))
    }
    return server
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** Asks it to end; after 20 s it is killed and this rejects. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM')
    let isLate = false
    const deadline = setTimeout(() => {
      isLate = true
      this.#child.kill('SIGKILL')
    }, exitTimeoutMs)
    await this.#exited
    clearTimeout(deadline)
    if (isLate) throw new Error(`${this.#name} did not end within ${exitTimeoutMs / 1000} s of SIGTERM`)
  }

  #keep(chunk: Buffer): void {
    this.#output = (this.#output + chunk.toString()).slice(-outputBytesMax)
  }
}

/** A port of the loopback address that was free a moment ago. */
export function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = net.createServer()
    probe.on('error', reject)
    probe.listen({ host: '127.0.0.1', port: 0 }, () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ host: '127.0.0.1', port })
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}
