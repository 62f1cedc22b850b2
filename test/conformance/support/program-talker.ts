/** An example client as a program: commands on its standard input, one JSON object a line on its output. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { within } from '../../system/support/deadline.ts'
import { password, type Test } from '../../system/support/test-server.ts'
import { type TalkEvent, Talker } from './talker.ts'

/** How a program is started. */
export interface ProgramCommand {
  readonly name: string
  readonly program: string
  /** Before the options that all examples have. */
  readonly args: readonly string[]
}

/** What it is told on its command line. */
export interface ProgramOptions {
  readonly port: number
  readonly user: string
  /** The path of its key file. */
  readonly key: string
  readonly device?: string
  readonly suite?: number
  readonly pin?: string
  readonly password?: string
}

/** See the head of the file. */
export class ProgramTalker extends Talker {
  readonly name: string
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #ended: Promise<unknown>
  #errors = ''

  private constructor(command: ProgramCommand, options: ProgramOptions) {
    super()
    this.name = command.name
    const { port, user, key, device, suite, pin } = options
    const given = { '--port': port, '--user': user, '--key': key, '--device': device, '--suite': suite, '--pin': pin }
    const args = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [name, String(value)]))
    this.#process = spawn(command.program, [...command.args, ...args, '--password-stdin'], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', PYTHONUTF8: '1' },
    })
    this.#ended = once(this.#process, 'close')
    this.#process.stderr.on('data', (chunk: Buffer) => {
      this.#errors += chunk.toString()
    })
    // It may have ended already when the next line is for it; what it did not tell says so.
    this.#process.stdin.on('error', () => {})
    createInterface({ input: this.#process.stdout }).on('line', (line) => this.tell(JSON.parse(line) as TalkEvent))
    this.command(options.password ?? password)
  }

  /** Starts a program; it ends with the test. Its first event is `login`, or `error`. */
  static start(t: Test, command: ProgramCommand, options: ProgramOptions): ProgramTalker {
    const talker = new ProgramTalker(command, options)
    t.teardown(async () => {
      talker.#process.kill('SIGKILL')
      await talker.#ended
    })
    return talker
  }

  override command(line: string): void {
    this.#process.stdin.write(`${line}\n`)
  }

  /** Ends the session as a person would, and waits until the program has ended. */
  async quit(): Promise<void> {
    this.command('quit')
    await within(this.#ended, `the end of ${this.name}`, 30_000)
  }

  protected override get problems(): string {
    return this.#errors
  }
}
