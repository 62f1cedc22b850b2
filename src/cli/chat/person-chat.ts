/** The chat of a person: commands in, lines out. */
import type { Client, IncomingMessage, ParleyError } from '../../client/index.ts'
import { fingerprintBlocks } from '../../security/fingerprint-blocks.ts'
import type { ChatOptions } from './chat-options.ts'
import { neutraliseLine, neutraliseLines } from './neutralise.ts'
import { type PersonCommand, personHelp, readPersonCommand } from './person-command.ts'
import { showHistory } from './person-history.ts'
import { PersonKeys } from './person-keys.ts'
import { PersonReceipts, statusText } from './person-receipts.ts'
import { Screen } from './screen.ts'

/** Names that `/who` prints at most; more are only counted. */
const whoMax = 200
/** Lines of input that may wait for their turn while no person sits there; input is then read no faster than it is sent. */
const waitingLinesMax = 16

/**
 * Logs in and runs until the end.
 *
 * @returns the error that ended it, if any
 * @throws ParleyError when the login is refused
 */
export function runPersonChat(client: Client, options: ChatOptions): Promise<ParleyError | undefined> {
  return new PersonChat(client, options).run()
}

class PersonChat {
  readonly #client: Client
  readonly #options: ChatOptions
  readonly #screen: Screen
  readonly #paint: Paint
  readonly #keys: PersonKeys
  readonly #receipts: PersonReceipts
  #partner: string | undefined
  /** Commands run one after the other, in the order in which they were typed. */
  #turn: Promise<void> = Promise.resolve()
  #waitingLines = 0

  constructor(client: Client, options: ChatOptions) {
    this.#client = client
    this.#options = options
    this.#partner = options.partner
    this.#paint = options.colour ? colours : plain
    this.#screen = new Screen({
      input: options.input,
      output: options.output,
      interactive: options.interactive,
      line: (text) => this.#enter(text),
      // What was typed before is still done.
      ended: () => void this.#turn.then(() => client.close()),
    })
    const lines = {
      note: (text: string) => this.#note(text),
      warn: (text: string) => this.#screen.print(`${this.#time()} ${this.#paint.bad(text)}`),
    }
    this.#keys = new PersonKeys(client, options.deviceName ?? 'device', lines)
    this.#receipts = new PersonReceipts(client, lines)
  }

  async run(): Promise<ParleyError | undefined> {
    const client = this.#client
    const leave = (): void => this.#screen.close()
    this.#options.signal?.addEventListener('abort', leave, { once: true })
    const ended = new Promise<ParleyError | undefined>((resolve) => client.on('closed', ({ error }) => resolve(error)))
    // Before the login: what comes right after its answer is not missed.
    this.#listen()
    try {
      const login = client.login(this.#options.credentials, { register: this.#options.register ?? false })
      // Lines that are typed or piped meanwhile wait for it.
      this.#turn = login.then(
        () => {},
        () => {},
      )
      const { userId, role } = await login
      this.#screen.start(this.#prompt())
      if (this.#options.signal?.aborted) leave()
      await this.#greet(userId, role)
      return await ended
    } finally {
      this.#screen.close()
      this.#options.signal?.removeEventListener('abort', leave)
    }
  }

  #listen(): void {
    const client = this.#client
    client.on('TextMsgRequest', (content, message) => this.#show(message, content.Message))
    client.on('BroadcastRequest', (content, message) => this.#show(message, content.Message, ' to all'))
    client.on('PresenceEvent', ({ UserId, Online }) => {
      const name = neutraliseLine(UserId)
      this.#note(Online ? `→ ${name} is here` : `← ${name} has left`)
    })
    client.on('message', (message) => {
      if (message.type === 'TextMsgRequest' || message.type === 'BroadcastRequest') return
      this.#show(message, message.envelope.Content ?? '', ` (${neutraliseLine(message.type)})`)
    })
    client.on('disconnected', ({ error }) => this.#problem(error))
    client.on('reconnecting', ({ attempt, delayMs }) => {
      this.#note(`Connecting again in ${(delayMs / 1000).toFixed(1)} s (try ${attempt}).`)
    })
    client.on('connected', ({ again }) => {
      if (again) this.#note('Connected again.')
    })
    client.on('error', (error) => this.#problem(error))
  }

  async #greet(userId: string, role: string): Promise<void> {
    this.#note(
      `You are ${neutraliseLine(userId)}${role === 'operator' ? ', an operator' : ''}. /help lists the commands.`,
    )
    const { sealed } = this.#client
    if (sealed !== undefined) this.#note(`The session is sealed. The server: ${fingerprintBlocks(sealed.server)}`)
    try {
      if (this.#options.endToEnd) await this.#keys.enrol()
      await this.#client.watchPresence(true)
      await this.#who(undefined)
    } catch (error) {
      this.#problem(error)
    }
  }

  #enter(line: string): void {
    const command = readPersonCommand(line)
    if (command.kind === 'passwd') {
      // At once, not in turn: it asks for the lines that follow, which must not be taken for commands.
      void this.#passwd()
      return
    }
    if (++this.#waitingLines === waitingLinesMax) this.#options.input.pause()
    this.#turn = this.#turn
      .then(() => this.#run(command))
      .catch((error: unknown) => this.#problem(error))
      .then(() => {
        if (this.#waitingLines-- === waitingLinesMax) this.#options.input.resume()
      })
  }

  async #run(command: Exclude<PersonCommand, { kind: 'passwd' }>): Promise<void> {
    const client = this.#client
    switch (command.kind) {
      case 'say':
        await this.#say(command.to ?? this.#partner, command.message)
        return
      case 'all': {
        if (this.#options.endToEnd) {
          this.#note('Nothing goes to all in a chat that is end to end: leave, and come back without --e2e.')
          return
        }
        const { receivers } = await client.broadcast(command.message)
        this.#note(receivers === undefined ? 'Sent to everyone.' : `Sent to ${receivers}.`)
        return
      }
      case 'with':
        this.#partner = command.userId
        this.#screen.setPrompt(this.#prompt())
        this.#note(
          command.userId === undefined ? 'You talk to nobody.' : `You talk to ${neutraliseLine(command.userId)}.`,
        )
        return
      case 'who':
        await this.#who(command.prefix)
        return
      case 'kick':
        await client.kick(command.userId, { reason: command.reason, banSeconds: command.banSeconds })
        this.#note(`${neutraliseLine(command.userId)} was thrown out.`)
        return
      case 'history':
        await showHistory(client, command.userId ?? this.#partner, command.limit, {
          note: (text) => this.#note(text),
          line: (text) => this.#screen.print(text),
        })
        return
      case 'keys':
      case 'enrol':
      case 'approve':
      case 'revoke':
      case 'safety':
      case 'forget':
        await this.#keys.run(command)
        return
      case 'help':
        for (const line of personHelp) this.#screen.print(line)
        return
      case 'quit':
        this.#screen.close()
        return
      case 'mistake':
        this.#note(neutraliseLine(command.problem))
        return
      case 'nothing':
        return
    }
  }

  async #say(to: string | undefined, message: string): Promise<void> {
    if (to === undefined) {
      this.#note('To whom? Type @USER TEXT, or /with USER first.')
      return
    }
    if (!this.#options.interactive) {
      await this.#send(to, message, {})
      return
    }
    // A person goes on typing; what is said while the connection is away waits for it, however long.
    if (this.#client.state !== 'online') this.#note('That waits until the connection is back.')
    this.#send(to, message, { timeoutMs: Number.POSITIVE_INFINITY }).catch((error: unknown) => this.#problem(error))
  }

  async #send(to: string, message: string, options: { readonly timeoutMs?: number }): Promise<void> {
    const result = await (this.#options.endToEnd
      ? this.#client.sendEndToEnd(to, message, options)
      : this.#client.send(to, message, options))
    this.#receipts.sent(result, message)
    this.#screen.print(
      `${this.#time()} ${this.#paint.own(`you → ${neutraliseLine(to)}`)} ${this.#paint.faint(`(${statusText(result)})`)}`,
    )
  }

  async #who(prefix: string | undefined): Promise<void> {
    const page = await this.#client.users({ prefix, limit: whoMax })
    const names = page.users.map((user) => neutraliseLine(user.userId))
    const more = page.total - names.length
    this.#note(`Online (${page.total}): ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`)
  }

  async #passwd(): Promise<void> {
    const answers = await this.#screen.askHidden(['Old password: ', 'New password: ', 'New password again: '])
    if (answers === undefined) return
    const [oldPassword = '', newPassword = '', again = ''] = answers
    if (newPassword !== again) {
      this.#note('The new passwords differ; nothing was changed.')
      return
    }
    try {
      await this.#client.changePassword({ oldPassword, newPassword })
      this.#note('The password was changed.')
    } catch (error) {
      this.#problem(error)
    }
  }

  /** Prints a message; its further lines are marked, so that none can pass for a message of somebody else. */
  #show(message: IncomingMessage, text: string, addition = ''): void {
    const from = message.from === '' ? 'server' : `${neutraliseLine(message.from)}${this.#originOf(message)}`
    const [first = '', ...rest] = neutraliseLines(text)
    this.#screen.print(`${this.#time()} ${this.#paint.name(`${from}${addition}`)}: ${first}`)
    for (const line of rest) this.#screen.print(`      │ ${line}`)
    if (this.#options.interactive) this.#receipts.shown(message)
  }

  /** How well the sender is known; in a chat that is end to end also that it is not. */
  #originOf({ endToEnd }: IncomingMessage): string {
    if (endToEnd !== undefined) return endToEnd.verified ? ' [e2e, verified]' : ' [e2e]'
    return this.#options.endToEnd ? ' [not e2e]' : ''
  }

  #note(text: string): void {
    this.#screen.print(`${this.#time()} ${this.#paint.faint(text)}`)
  }

  #problem(error: unknown): void {
    const text = error instanceof Error ? error.message : String(error)
    this.#screen.print(`${this.#time()} ${this.#paint.bad(neutraliseLine(text))}`)
  }

  #prompt(): string {
    return this.#partner === undefined ? '> ' : `${neutraliseLine(this.#partner)}> `
  }

  #time(): string {
    return this.#paint.faint(new Date().toTimeString().slice(0, 5))
  }
}

/** How kinds of text are set apart. */
interface Paint {
  name(text: string): string
  own(text: string): string
  faint(text: string): string
  bad(text: string): string
}

const plain: Paint = { name: (text) => text, own: (text) => text, faint: (text) => text, bad: (text) => `! ${text}` }
const colours: Paint = { name: sgr(36), own: sgr(32), faint: sgr(2), bad: sgr(31) }

/** "Select graphic rendition" of ECMA-48. */
function sgr(code: number): (text: string) => string {
  return (text) => `\x1b[${code}m${text}\x1b[0m`
}
