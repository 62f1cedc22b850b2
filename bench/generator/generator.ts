/** A generator process as the benchmark sees it: orders go out, answers come back, every one with a deadline. */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Answer, Order, Outcome, Progress, Schedule, WorkOrder } from './messages.ts'

const prepareTimeoutMs = 600_000
const answerTimeoutMs = 120_000

/** Clients release memory of records as the server does; Node 20 needs a flag for it. */
const execArgv = 'transfer' in ArrayBuffer.prototype ? [] : ['--harmony-rab-gsab-transfer']

/** One generator process. */
export class Generator {
  readonly #child: ChildProcess

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  /** Starts a process; it ends by {@link close}, or with this process. */
  static start(): Generator {
    return new Generator(fork(fileURLToPath(new URL('./main.js', import.meta.url)), [], { execArgv }))
  }

  /** Has it connect and log in. */
  async prepare(work: WorkOrder): Promise<void> {
    await this.#ask({ kind: 'prepare', work }, prepareTimeoutMs)
  }

  async start(schedule: Schedule): Promise<void> {
    await this.#ask({ kind: 'start', schedule }, answerTimeoutMs)
  }

  async mark(): Promise<Progress> {
    const answer = await this.#ask({ kind: 'mark' }, answerTimeoutMs)
    if (answer.kind !== 'progress') throw new Error(`a generator answered ${answer.kind} to mark`)
    return answer.progress
  }

  async stop(expected = 0): Promise<Outcome> {
    const answer = await this.#ask({ kind: 'stop', expected }, answerTimeoutMs)
    if (answer.kind !== 'outcome') throw new Error(`a generator answered ${answer.kind} to stop`)
    return answer.outcome
  }

  close(): void {
    this.#child.kill('SIGKILL')
  }

  #ask(order: Order, timeoutMs: number): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const done = (): void => {
        clearTimeout(deadline)
        this.#child.off('message', take)
        this.#child.off('exit', exit)
      }
      const take = (answer: Answer): void => {
        done()
        if (answer.kind === 'failed') reject(new Error(answer.message))
        else resolve(answer)
      }
      const exit = (code: number | null): void => {
        done()
        reject(new Error(`a generator process ended with ${code} during "${order.kind}"`))
      }
      const deadline = setTimeout(() => {
        done()
        reject(new Error(`a generator did not answer "${order.kind}" within ${timeoutMs / 1000} s`))
      }, timeoutMs)
      this.#child.on('message', take)
      this.#child.on('exit', exit)
      this.#child.send(order)
    })
  }
}
