/** A terminal for tests of the chat: what is typed goes in, what is printed can be waited for. */
import { PassThrough } from 'node:stream'

/** See the head of the file. */
export class Terminal {
  readonly input = new PassThrough()
  readonly output = new PassThrough()
  readonly errorOutput = new PassThrough()
  printed = ''
  errors = ''

  constructor() {
    this.output.setEncoding('utf8').on('data', (text: string) => {
      this.printed += text
    })
    this.errorOutput.setEncoding('utf8').on('data', (text: string) => {
      this.errors += text
    })
  }

  type(line: string): void {
    this.input.write(`${line}\n`)
  }

  end(): void {
    this.input.end()
  }

  /** Waits until the pattern has been printed since `from`; gives where it ended. */
  async until(pattern: RegExp, from = 0, deadlineMs = 5000): Promise<number> {
    const found = (): number | undefined => {
      const match = pattern.exec(this.printed.slice(from))
      return match === null ? undefined : from + match.index + match[0].length
    }
    const already = found()
    if (already !== undefined) return already
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.output.off('data', look)
        reject(new Error(`not in time: ${pattern} in ${JSON.stringify(this.printed)}`))
      }, deadlineMs)
      const look = (): void => {
        const at = found()
        if (at === undefined) return
        clearTimeout(timer)
        this.output.off('data', look)
        resolve(at)
      }
      this.output.on('data', look)
    })
  }

  /** The JSON lines that were printed so far. */
  get events(): Record<string, unknown>[] {
    return this.printed
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line))
  }
}
