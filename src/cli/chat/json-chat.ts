/**
 * The chat of a script: one JSON object a line, commands in and events out.
 *
 * Each command is answered by `{"event":"answer","id":…,"ok":true,…}` or `{…,"ok":false,"code":…,"message":…}`, in
 * the order in which answers come. The end of the input leaves, after all answers.
 */
import { createInterface } from 'node:readline'
import { type Client, type HistoryPage, ParleyError, type SendOptions } from '../../client/index.ts'
import type { ChatOptions } from './chat-options.ts'
import { type JsonCommand, type JsonSendOptions, readJsonLine } from './json-command.ts'

/** Commands that may wait for their answers at a time; above it no further line is read. */
const commandsInFlightMax = 64

/** One event; the other members depend on its name. */
export interface ChatEvent {
  readonly event: string
  readonly [member: string]: unknown
}

/** Writes one event as a line. JSON escapes control characters, so nothing in it can act on a terminal. */
export function writeEvent(output: NodeJS.WritableStream, event: ChatEvent): void {
  // C1 control characters and line separators are legal in JSON text, but not harmless.
  const line = JSON.stringify(event).replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  output.write(`${line}\n`)
}

/**
 * Logs in and runs until the end.
 *
 * @returns the error that ended it, if any
 * @throws ParleyError when the login is refused
 */
export async function runJsonChat(client: Client, options: ChatOptions): Promise<ParleyError | undefined> {
  const emit = (event: ChatEvent): void => writeEvent(options.output, event)
  const ended = new Promise<ParleyError | undefined>((resolve) => client.on('closed', ({ error }) => resolve(error)))
  // Before the login: what comes right after its answer is not missed.
  listen(client, emit)
  await client.login(options.credentials, { register: options.register ?? false })
  if (options.endToEnd) await enrol(client, options.deviceName ?? 'device', emit)
  const lines = createInterface({ input: options.input, crlfDelay: Number.POSITIVE_INFINITY })
  const leave = (): void => lines.close()
  options.signal?.addEventListener('abort', leave, { once: true })
  if (options.signal?.aborted) leave()
  // A session that the server has ended reads no further commands.
  void ended.then(leave)
  await readCommands(lines, client, { emit, endToEnd: options.endToEnd ?? false })
  await client.close()
  options.signal?.removeEventListener('abort', leave)
  return ended
}

type Emit = (event: ChatEvent) => void

function listen(client: Client, emit: Emit): void {
  client.on('message', ({ type, from, content, envelope, endToEnd }) => {
    const { CallbackID: callbackId, CreateTime: createTime, MsgId: msgId } = envelope
    const more = {
      ...(callbackId ? { callbackId } : {}),
      ...(msgId === undefined ? {} : { msgId }),
      ...(endToEnd === undefined ? {} : { endToEnd }),
    }
    emit({ event: 'message', from, type, content, ...more, createTime })
  })
  client.on('KeyEvent', ({ Kind, UserId, DeviceId, Thumbprint }) => {
    emit({ event: 'key', kind: Kind, userId: UserId, deviceId: DeviceId, thumbprint: Thumbprint })
  })
  client.on('keysChanged', ({ userId, added, removed, beganAnew, wasVerified }) => {
    const thumbprints = (keys: typeof added): string[] => keys.map(({ thumbprint }) => thumbprint)
    emit({
      event: 'keysChanged',
      userId,
      added: thumbprints(added),
      removed: thumbprints(removed),
      beganAnew,
      wasVerified,
    })
  })
  client.on('receipt', (receipt) => emit({ event: 'receipt', ...receipt }))
  client.on('missing', ({ count, after, upTo }) => emit({ event: 'missing', count, after, upTo }))
  client.on('PresenceEvent', ({ UserId, Online }) => emit({ event: 'presence', userId: UserId, online: Online }))
  client.on('connected', ({ userId, role, sessionId, again }) => {
    emit({ event: 'connected', userId, role, sessionId, again })
  })
  client.on('disconnected', ({ error }) => emit({ event: 'disconnected', ...told(error) }))
  client.on('reconnecting', ({ attempt, delayMs }) => emit({ event: 'reconnecting', attempt, delayMs }))
  client.on('error', (error) => emit({ event: 'error', ...told(error) }))
}

/** Makes the key of this device one of the user's, or tells that it waits for approval. */
async function enrol(client: Client, deviceId: string, emit: Emit): Promise<void> {
  const { thumbprint } = client
  const { keys } = await client.directory(client.session?.userId ?? '')
  if (keys.some((key) => key.thumbprint === thumbprint)) return
  const { status } = await client.enrolKey({ deviceId })
  emit({ event: 'enrolment', status, deviceId, thumbprint })
}

/** How commands are run. */
interface Running {
  readonly emit: Emit
  readonly endToEnd: boolean
}

async function readCommands(lines: AsyncIterable<string>, client: Client, { emit, endToEnd }: Running): Promise<void> {
  const inFlight = new Set<Promise<void>>()
  for await (const line of lines) {
    if (line.trim() === '') continue
    const { id, command, problem } = readJsonLine(line)
    const answer = (fields: object): void => emit({ event: 'answer', ...(id === undefined ? {} : { id }), ...fields })
    if (command === undefined) {
      answer({ ok: false, code: 'bad_argument', message: problem })
      continue
    }
    if (command.do === 'quit') break
    const task = (endToEnd ? runEndToEnd(client, command) : run(client, command))
      .then((fields) => answer({ ok: true, ...fields }))
      .catch((error: unknown) => answer({ ok: false, ...told(error) }))
      .finally(() => inFlight.delete(task))
    inFlight.add(task)
    if (inFlight.size >= commandsInFlightMax) await Promise.race(inFlight)
  }
  await Promise.all(inFlight)
}

/** The same, where nothing may go to users but end to end. */
async function runEndToEnd(client: Client, command: Exclude<JsonCommand, { do: 'quit' }>): Promise<object> {
  if (command.do === 'send') return client.sendEndToEnd(command.to, command.message, optionsOf(command))
  if (command.do === 'sendMessage') {
    return client.sendEndToEnd(command.to, { type: command.type, content: command.content }, optionsOf(command))
  }
  if (command.do === 'broadcast' || (command.do === 'request' && command.to !== undefined)) {
    throw new ParleyError('bad_argument', { message: `With --e2e, "${command.do}" can't be sent to users.` })
  }
  return run(client, command)
}

async function run(client: Client, command: Exclude<JsonCommand, { do: 'quit' }>): Promise<object> {
  switch (command.do) {
    case 'send':
      return client.send(command.to, command.message, optionsOf(command))
    case 'sendMessage':
      return client.sendMessage(command.to, command.type, command.content, optionsOf(command))
    case 'request':
      return { content: await client.request(command.type, command.content, { to: command.to }) }
    case 'broadcast':
      return client.broadcast(command.message)
    case 'who': {
      const { prefix, after, limit } = command
      return client.users({ prefix, after, limit })
    }
    case 'kick': {
      const { reason, banSeconds } = command
      await client.kick(command.userId, { reason, banSeconds })
      return {}
    }
    case 'passwd':
      await client.changePassword(command)
      return {}
    case 'presence':
      await client.watchPresence(command.on)
      return {}
    case 'read':
      await client.request('ReadRequest', { UserId: command.userId, MsgId: command.msgId })
      return {}
    case 'history':
      return pageOf(await client.history(command.with, command))
    case 'conversations':
      return client.conversations(command)
  }
}

/** The options that were given: without a time there is the client's own. */
function optionsOf({ clientMsgId, volatile, retry, timeoutMs }: JsonSendOptions): SendOptions {
  return { clientMsgId, volatile, retry, ...(timeoutMs === undefined ? {} : { timeoutMs }) }
}

function pageOf({ items, ...page }: HistoryPage): object {
  const messages = items.map(({ position, message }) => {
    const { from, type, content, envelope } = message
    const { ToUserId: to, MsgId: msgId, CreateTime: createTime } = envelope
    return { position, from, to, type, content, msgId, createTime }
  })
  return { messages, ...page }
}

/** What a script is told of an error. */
interface Told {
  readonly code: string
  readonly message: string
  /** The same may succeed later. */
  readonly retryable?: boolean
  readonly clientMsgId?: string
}

function told(error: unknown): Told {
  if (error instanceof ParleyError) {
    const { code, message, retryable, clientMsgId } = error
    return { code, message, retryable, ...(clientMsgId === undefined ? {} : { clientMsgId }) }
  }
  return { code: 'internal_error', message: String(error) }
}
