/**
 * A scrolling terminal with a prompt at its foot: what comes in is printed above the line that is being
 * typed, which is drawn again below. Owns the readline interface.
 */
import { clearScreenDown, createInterface, cursorTo, type Interface, moveCursor } from 'node:readline'
import { Writable } from 'node:stream'

/** What a screen needs of its caller. */
export interface ScreenOptions {
  readonly input: NodeJS.ReadableStream
  readonly output: NodeJS.WritableStream
  /** A person sits there: with prompt, editing and redrawing. Else lines only. */
  readonly interactive: boolean
  /** A line was entered. */
  line(text: string): void
  /** The input has ended, or Ctrl-C or Ctrl-D was typed. */
  ended(): void
}

/** A question that the next line answers. */
interface Question {
  readonly text: string
  answer(text: string | undefined): void
}

/** See the head of the file. */
export class Screen {
  readonly #options: ScreenOptions
  readonly #reader: Interface
  readonly #echo: Echo
  #prompt = '> '
  #question: Question | undefined
  #life: 'open' | 'closed' = 'open'

  constructor(options: ScreenOptions) {
    this.#options = options
    this.#echo = new Echo(options.output)
    this.#reader = createInterface({
      input: options.input,
      output: options.interactive ? this.#echo : undefined,
      terminal: options.interactive,
      prompt: this.#prompt,
      historySize: options.interactive ? 500 : 0,
    } as Parameters<typeof createInterface>[0])
    this.#reader.on('line', (line) => this.#take(line))
    this.#reader.on('SIGINT', () => this.#reader.close())
    this.#reader.on('close', () => this.#closed())
    // What is typed where it does not show must not come back with the arrow keys.
    this.#reader.on('history', (history: string[]) => {
      if (this.#echo.isMuted) history.shift()
    })
  }

  /** Shows the prompt; from now on lines are read with it. */
  start(prompt: string): void {
    this.#prompt = prompt
    this.#draw()
  }

  /** Another prompt, from the next drawing on. */
  setPrompt(prompt: string): void {
    this.#prompt = prompt
  }

  /** Prints one line above the prompt. The caller has neutralised what is in it. */
  print(line: string): void {
    if (!this.#options.interactive || this.#life === 'closed') {
      this.#options.output.write(`${line}\n`)
      return
    }
    const question = this.#question
    if (question !== undefined) {
      cursorTo(this.#options.output, 0)
      clearScreenDown(this.#options.output)
      this.#options.output.write(`${line}\n${question.text}`)
      return
    }
    const { rows } = this.#reader.getCursorPos()
    moveCursor(this.#echo, 0, -rows)
    cursorTo(this.#echo, 0)
    clearScreenDown(this.#echo)
    this.#options.output.write(`${line}\n`)
    // readline moves up by as many rows as its line had before it draws it anew.
    this.#options.output.write('\n'.repeat(rows))
    this.#draw()
  }

  /** Asks for a line that does not show. Gives undefined when the input ends first. */
  askHidden(question: string): Promise<string | undefined> {
    if (this.#life === 'closed') return Promise.resolve(undefined)
    return new Promise((resolve) => {
      this.#question = { text: question, answer: resolve }
      if (!this.#options.interactive) return
      this.#options.output.write(question)
      this.#echo.isMuted = true
    })
  }

  close(): void {
    this.#reader.close()
  }

  #take(line: string): void {
    const question = this.#question
    if (question === undefined) {
      this.#options.line(line)
      this.#draw()
      return
    }
    this.#question = undefined
    this.#echo.isMuted = false
    if (this.#options.interactive) this.#options.output.write('\n')
    question.answer(line)
  }

  #draw(): void {
    if (!this.#options.interactive || this.#life === 'closed' || this.#echo.isMuted) return
    this.#reader.setPrompt(this.#prompt)
    this.#reader.prompt(true)
  }

  #closed(): void {
    if (this.#life === 'closed') return
    this.#life = 'closed'
    this.#echo.isMuted = false
    if (this.#options.interactive) this.#options.output.write('\n')
    this.#question?.answer(undefined)
    this.#question = undefined
    this.#options.ended()
  }
}

/** What readline writes to: the terminal, or nothing while a secret is typed. */
class Echo extends Writable {
  isMuted = false
  readonly #output: NodeJS.WritableStream

  constructor(output: NodeJS.WritableStream) {
    super({ decodeStrings: false })
    this.#output = output
    // readline wraps its line by the width of the terminal, and hears of a new one.
    output.on('resize', () => this.emit('resize'))
  }

  get columns(): number {
    return (this.#output as { columns?: number }).columns ?? 80
  }

  override _write(chunk: string, _encoding: BufferEncoding, callback: () => void): void {
    if (!this.isMuted) this.#output.write(chunk)
    callback()
  }
}
