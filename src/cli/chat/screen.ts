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

/** Questions that the next lines answer, one each. */
interface Dialog {
  readonly questions: readonly string[]
  readonly answers: string[]
  resolve(answers: string[] | undefined): void
}

/** See the head of the file. */
export class Screen {
  readonly #options: ScreenOptions
  readonly #reader: Interface
  readonly #echo: Echo
  #prompt = '> '
  #dialog: Dialog | undefined
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
    const dialog = this.#dialog
    if (dialog !== undefined) {
      cursorTo(this.#options.output, 0)
      clearScreenDown(this.#options.output)
      this.#options.output.write(`${line}\n`)
      this.#ask(dialog)
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

  /**
   * Asks for lines that do not show. All questions are put at once, so that each of the next lines is an
   * answer, however fast they come, and none is taken for something to say.
   *
   * @returns the answers, or undefined when the input ends first
   */
  askHidden(questions: readonly string[]): Promise<string[] | undefined> {
    if (this.#life === 'closed') return Promise.resolve(undefined)
    return new Promise((resolve) => {
      this.#dialog = { questions, answers: [], resolve }
      this.#echo.isMuted = true
      this.#ask(this.#dialog)
    })
  }

  close(): void {
    this.#reader.close()
  }

  #take(line: string): void {
    const dialog = this.#dialog
    if (dialog === undefined) {
      this.#options.line(line)
      this.#draw()
      return
    }
    dialog.answers.push(line)
    if (this.#options.interactive) this.#options.output.write('\n')
    if (dialog.answers.length < dialog.questions.length) {
      this.#ask(dialog)
      return
    }
    this.#endDialog()
    dialog.resolve(dialog.answers)
  }

  #ask(dialog: Dialog): void {
    if (this.#options.interactive) this.#options.output.write(dialog.questions[dialog.answers.length] ?? '')
  }

  #endDialog(): void {
    this.#dialog = undefined
    this.#echo.isMuted = false
  }

  #draw(): void {
    if (!this.#options.interactive || this.#life === 'closed' || this.#echo.isMuted) return
    this.#reader.setPrompt(this.#prompt)
    this.#reader.prompt(true)
  }

  #closed(): void {
    if (this.#life === 'closed') return
    this.#life = 'closed'
    const dialog = this.#dialog
    this.#endDialog()
    if (this.#options.interactive) this.#options.output.write('\n')
    dialog?.resolve(undefined)
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
