/** The one error type of the client: a program looks at `code`, a person reads `message`. */
import { type ErrorCode, errors, isErrorCode } from '../protocol/errors.ts'

/** Codes that come from the client itself, never from the server, with what each means. */
const clientErrorTable = {
  /** The connection could not be made. */
  connect_failed: { retryable: true, message: 'The server could not be reached.' },
  /** The connection ended while a request waited: it may or may not have arrived. */
  connection_lost: { retryable: true, message: 'The connection was lost before the answer came.' },
  /** No answer came in time: the request may or may not have arrived. */
  timeout: { retryable: true, message: 'No answer came in time.' },
  /** The client was closed, or is closing. */
  closed: { retryable: false, message: 'The client is closed.' },
  /** Too much waits to be sent, or too many requests wait for answers. Nothing was sent. */
  queue_full: { retryable: true, message: 'Too much waits to be sent; wait for some of it to finish.' },
  /** An iterator was not read while messages came; those that it had no room for are lost to it. */
  iterator_overflow: { retryable: false, message: 'Messages came faster than the loop over them took them.' },
  /** The server's answer is not what the protocol says. */
  bad_answer: { retryable: false, message: 'The answer could not be understood.' },
  /** An argument or option cannot be used. */
  bad_argument: { retryable: false, message: 'An argument cannot be used.' },
  /** The call does not fit the state, such as a login on a client that is logged in. */
  bad_state: { retryable: false, message: 'That cannot be done in this state.' },
  /** Sealing was asked for where it can't be had, such as in a page, or without what it needs. */
  sealing_unavailable: { retryable: false, message: 'Sealing is not available here.' },
  /** The server does not offer what a sealed session needs. Nothing secret was sent. */
  sealing_refused: { retryable: false, message: 'The server does not offer a sealed session that this client takes.' },
  /** The sealed session could not be made, or something in it was not from the server. */
  sealing_failed: { retryable: true, message: 'The sealed session failed: what came is not from this server.' },
  /** The server has another key than the one that is pinned or known. Nothing secret was sent. */
  pin_mismatch: { retryable: false, message: 'The key of the server is not the one that is known.' },
  /** This client has no key that the server has enrolled for its user. */
  key_required: { retryable: false, message: 'That needs a key of this device that is enrolled.' },
  /** The user has no enrolled key, so that nothing can be encrypted for them. */
  no_keys: { retryable: false, message: 'The user has no enrolled key.' },
  /** The log of a user's keys is not what it was, or not in order: the server, or somebody, has changed it. */
  keys_changed: { retryable: false, message: 'The keys of the user are not those that are known.' },
  /** An end-to-end message could not be opened, or is not from whom it says. */
  end_to_end_failed: { retryable: false, message: 'An end-to-end message could not be opened.' },
  /** Too many messages wait to be handled: what came was not taken in. It comes again when there is room. */
  inbox_overflow: { retryable: true, message: 'Messages came faster than they were handled; some come again later.' },
  /** A message that was told to be missing came after all. */
  out_of_order: { retryable: false, message: 'A message came after others that were sent after it.' },
  /** The store of the cursor failed. Messages go on. */
  cursor_store_failed: { retryable: false, message: 'The cursor could not be read or saved.' },
  /** A handler given to `on` threw; its error is the `cause`. */
  handler_failed: { retryable: false, message: 'A handler of an event threw an error.' },
} as const satisfies Record<string, { retryable: boolean; message: string }>

/** A code of the client itself. */
export type ClientErrorCode = keyof typeof clientErrorTable

/** Any code of an error: the protocol's, the client's, or one that a newer server may send. */
export type ParleyErrorCode = ErrorCode | ClientErrorCode | (string & {})

/** What is known of an error beyond its code. */
export interface ParleyErrorOptions {
  /** For a person; without it the sentence of the code. */
  readonly message?: string | undefined
  /** Without it, what the code says. */
  readonly retryable?: boolean | undefined
  /** How long the server asks to wait, in milliseconds. */
  readonly retryAfterMs?: number | undefined
  /** What the server added. */
  readonly detail?: unknown
  /** Of the message that it is about. */
  readonly clientMsgId?: string | undefined
  readonly cause?: unknown
}

/** Everything that the client throws or reports. */
export class ParleyError extends Error {
  override readonly name = 'ParleyError'
  /** Stable; lower snake case. */
  readonly code: ParleyErrorCode
  /** True when the same request, or a new connection, may succeed later without a change. */
  readonly retryable: boolean
  /** How long the server asks to wait before the next try, in milliseconds. */
  readonly retryAfterMs: number | undefined
  /** What the server added, unchecked. */
  readonly detail: unknown
  /** Of the message to a user that it is about: sent again with the same `clientMsgId`, it is not shown twice. */
  readonly clientMsgId: string | undefined

  constructor(code: ParleyErrorCode, options: ParleyErrorOptions = {}) {
    const known = infoOf(code)
    const message = options.message || known?.message || `The server answered with the code ${code}.`
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.retryable = options.retryable ?? known?.retryable ?? false
    this.retryAfterMs = options.retryAfterMs
    this.detail = options.detail
    this.clientMsgId = options.clientMsgId
  }

  /** The same error, of one message to a user. */
  of(clientMsgId: string | undefined): ParleyError {
    return new ParleyError(this.code, { ...this, message: this.message, cause: this.cause, clientMsgId })
  }
}

/** Whether a code says that the connection ends with it, whatever comes after. */
export function endsConnection(code: ParleyErrorCode): boolean {
  return isErrorCode(code) && errors[code].scope === 'connection'
}

function infoOf(code: string): { readonly retryable: boolean; readonly message: string } | undefined {
  if (isErrorCode(code)) return errors[code]
  if (Object.hasOwn(clientErrorTable, code)) return clientErrorTable[code as ClientErrorCode]
  return undefined
}
