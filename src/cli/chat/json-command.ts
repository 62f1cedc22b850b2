/** One line of a script, as a command. Pure. */

/** What a script can ask for; `id` is copied into the answer. */
export type JsonCommand =
  | ({ readonly do: 'send'; readonly to: string; readonly message: string } & JsonSendOptions)
  | ({
      readonly do: 'sendMessage'
      readonly to: string
      readonly type: string
      readonly content: unknown
    } & JsonSendOptions)
  | { readonly do: 'request'; readonly to: string | undefined; readonly type: string; readonly content: unknown }
  | { readonly do: 'broadcast'; readonly message: string }
  | {
      readonly do: 'who'
      readonly prefix: string | undefined
      readonly after: string | undefined
      readonly limit: number | undefined
    }
  | {
      readonly do: 'kick'
      readonly userId: string
      readonly reason: string | undefined
      readonly banSeconds: number | undefined
    }
  | { readonly do: 'passwd'; readonly oldPassword: string; readonly newPassword: string }
  | { readonly do: 'presence'; readonly on: boolean }
  /** Everything of the user up to the message has been read. */
  | { readonly do: 'read'; readonly userId: string; readonly msgId: string }
  | {
      readonly do: 'history'
      readonly with: string
      readonly before: number | undefined
      readonly after: number | undefined
      readonly limit: number | undefined
    }
  | { readonly do: 'conversations'; readonly after: string | undefined; readonly limit: number | undefined }
  | { readonly do: 'quit' }

/** How a message is to be sent; see the options of the client of the same names. */
export interface JsonSendOptions {
  readonly clientMsgId: string | undefined
  readonly volatile: boolean
  readonly retry: boolean
  readonly timeoutMs: number | undefined
}

/** A line that was read: the command or what is wrong with it, and the id where there is one. */
export interface JsonLine {
  readonly id: unknown
  readonly command: JsonCommand | undefined
  /** A sentence, when there is no command. */
  readonly problem: string
}

/** Reads one line. */
export function readJsonLine(line: string): JsonLine {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return { id: undefined, command: undefined, problem: 'The line is not JSON.' }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { id: undefined, command: undefined, problem: 'The line is not a JSON object.' }
  }
  const fields = new Fields(value as Record<string, unknown>)
  const command = readCommand(fields)
  return { id: fields.value('id'), command: fields.problem === '' ? command : undefined, problem: fields.problem }
}

function readCommand(fields: Fields): JsonCommand | undefined {
  const name = fields.text('do')
  switch (name) {
    case 'send':
      return { do: name, to: fields.text('to'), message: fields.text('message'), ...readSendOptions(fields) }
    case 'sendMessage':
      return {
        do: name,
        to: fields.text('to'),
        type: fields.text('type'),
        content: fields.value('content') ?? {},
        ...readSendOptions(fields),
      }
    case 'request':
      return {
        do: name,
        to: fields.optionalText('to'),
        type: fields.text('type'),
        content: fields.value('content') ?? {},
      }
    case 'broadcast':
      return { do: name, message: fields.text('message') }
    case 'who':
      return {
        do: name,
        prefix: fields.optionalText('prefix'),
        after: fields.optionalText('after'),
        limit: fields.optionalNumber('limit'),
      }
    case 'kick':
      return {
        do: name,
        userId: fields.text('userId'),
        reason: fields.optionalText('reason'),
        banSeconds: fields.optionalNumber('banSeconds'),
      }
    case 'passwd':
      return { do: name, oldPassword: fields.text('oldPassword'), newPassword: fields.text('newPassword') }
    case 'presence':
      return { do: name, on: fields.value('on') !== false }
    case 'read':
      return { do: name, userId: fields.text('userId'), msgId: fields.text('msgId') }
    case 'history':
      return {
        do: name,
        with: fields.text('with'),
        before: fields.optionalNumber('before'),
        after: fields.optionalNumber('after'),
        limit: fields.optionalNumber('limit'),
      }
    case 'conversations':
      return { do: name, after: fields.optionalText('after'), limit: fields.optionalNumber('limit') }
    case 'quit':
      return { do: name }
    default:
      fields.problem ||= `There is no command ${JSON.stringify(name)}.`
      return undefined
  }
}

function readSendOptions(fields: Fields): JsonSendOptions {
  return {
    clientMsgId: fields.optionalText('clientMsgId'),
    volatile: fields.value('volatile') === true,
    retry: fields.value('retry') === true,
    timeoutMs: fields.optionalNumber('timeoutMs'),
  }
}

/** Reads members and keeps the first thing that is wrong. */
class Fields {
  problem = ''
  readonly #object: Record<string, unknown>

  constructor(object: Record<string, unknown>) {
    this.#object = object
  }

  value(name: string): unknown {
    return Object.hasOwn(this.#object, name) ? this.#object[name] : undefined
  }

  text(name: string): string {
    const value = this.value(name)
    if (typeof value === 'string') return value
    this.problem ||= `"${name}" must be a string.`
    return ''
  }

  optionalText(name: string): string | undefined {
    return this.value(name) === undefined ? undefined : this.text(name)
  }

  optionalNumber(name: string): number | undefined {
    const value = this.value(name)
    if (value === undefined || typeof value === 'number') return value
    this.problem ||= `"${name}" must be a number.`
    return undefined
  }
}
