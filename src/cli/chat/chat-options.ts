/** What `parley chat` is told by the command line; nothing is read from the process. */
import type { ConnectOptions, Credentials } from '../../client/index.ts'

/** What `runChat` takes; streams and facts about the terminal are handed in. */
export interface ChatOptions {
  readonly connection: ConnectOptions
  readonly credentials: Credentials
  /** Make the account when there is none, where the server allows it. */
  readonly register?: boolean
  readonly input: NodeJS.ReadableStream
  readonly output: NodeJS.WritableStream
  /** Where the reason of a failure is printed, but with `json`, where it is an event. */
  readonly errorOutput: NodeJS.WritableStream
  /** JSON lines in and out, for scripts. */
  readonly json: boolean
  /** Input and output are terminals: prompt and editing. */
  readonly interactive: boolean
  readonly colour: boolean
  /** Whom to talk to from the start. */
  readonly partner?: string | undefined
  /** Everything to users goes end to end, nothing in another way. Needs a connection that seals. */
  readonly endToEnd?: boolean
  /** What this device is called where its key is enrolled. */
  readonly deviceName?: string
  /** Leaves in order, as `/quit` does. */
  readonly signal?: AbortSignal
}
