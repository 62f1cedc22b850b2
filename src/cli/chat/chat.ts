/** `parley chat`: connects, logs in, and gives the client to a person's terminal or to a script. */
import { type Client, connect, ParleyError } from '../../client/index.ts'
import { CliError } from '../cli-error.ts'
import type { ChatOptions } from './chat-options.ts'
import { runJsonChat, writeEvent } from './json-chat.ts'
import { neutraliseLine } from './neutralise.ts'
import { runPersonChat } from './person-chat.ts'

/** 0: left in order. */
const exitClean = 0
/** The login was refused, or the session ended otherwise. */
const exitFailed = 1
/** The options can't be used. */
const exitUsage = 2
/** The server could not be reached. */
const exitUnavailable = 69

/** Which exit code tells of an error, by the table of the command line. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof ParleyError)) return exitFailed
  if (error.code === 'connect_failed') return exitUnavailable
  return error.code === 'bad_argument' ? exitUsage : exitFailed
}

/** Runs the chat until the person leaves, the input ends or the server ends the session. Returns the exit code. */
export async function runChat(options: ChatOptions): Promise<number> {
  let client: Client | undefined
  try {
    client = await connect({
      ...options.connection,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    })
    const end = options.json ? await runJsonChat(client, options) : await runPersonChat(client, options)
    await client.close()
    if (end === undefined) return exitClean
    report(options, end)
    return exitCodeOf(end)
  } catch (error) {
    await client?.close()
    if (options.signal?.aborted) return exitClean
    if (error instanceof CliError) throw error
    report(options, error)
    return exitCodeOf(error)
  }
}

function report(options: ChatOptions, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error)
  if (!options.json) {
    options.errorOutput.write(`parley: ${neutraliseLine(message)}\n`)
  } else {
    const code = error instanceof ParleyError ? error.code : 'internal_error'
    writeEvent(options.output, { event: 'failed', code, message })
  }
}
