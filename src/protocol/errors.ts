/**
 * Every error code of the wire, once. A program looks at the code, a person reads the sentence.
 * The same code stands in the reply, in the log line and in the counter.
 */

/** What an error ends: only the message it answers, or the whole connection. */
export type ErrorScope = 'message' | 'connection'

/** What a code means and what its receiver may do about it. */
export interface ErrorInfo {
  readonly scope: ErrorScope
  /** True when the same request, or a new connection, may succeed later without a change. */
  readonly retryable: boolean
  /** The sentence that is sent where nothing more exact is known. */
  readonly message: string
}

function info(scope: ErrorScope, retryable: boolean, message: string): ErrorInfo {
  return { scope, retryable, message }
}

const errorTable = {
  // Reading a frame.
  bad_frame: info('message', false, 'The frame could not be read: check START, END and the charset.'),
  frame_too_large: info('message', false, 'The frame is longer than this server takes; it was skipped.'),
  bad_envelope: info('message', false, 'The body is not one JSON object with the fields of an envelope.'),
  bad_content: info('message', false, 'Content is not the JSON text of the entity that MsgType names.'),
  unknown_type: info('message', false, 'This server does not know the MsgType of a message addressed to it.'),
  not_supported: info('message', false, 'This server knows the request but does not offer it.'),
  id_reused: info('message', false, 'The ClientMsgId was used before for another message.'),
  // Who may do what.
  auth_required: info('message', false, 'Log in first: send an AuthRequest.'),
  auth_failed: info('message', false, 'The user or the password or token is wrong.'),
  auth_timeout: info('connection', true, 'No AuthRequest came in time. Connect again and log in at once.'),
  not_allowed: info('message', false, 'This user may not do that.'),
  banned: info('message', false, 'This user is banned for a time.'),
  bad_signature: info('message', false, 'The signature does not fit the message.'),
  replayed: info('message', false, 'The message was seen before or is too old.'),
  signature_required: info('message', false, 'Messages to users must be signed here: add Sign.'),
  approval_required: info('message', false, 'Another key of the user, or an operator, must approve this key first.'),
  sealing_required: info(
    'connection',
    false,
    'This server takes sealed sessions only: use a client that can seal, and check the fingerprint of its key.',
  ),
  // Delivery.
  user_unknown: info('message', false, 'There is no user of that name.'),
  user_exists: info('message', false, 'There is already a user of that name.'),
  user_offline: info('message', true, 'The user is not online.'),
  inbox_full: info('message', true, 'The receiver has too many messages waiting.'),
  storage_full: info('message', true, 'The server has no room to store the message.'),
  storage_failed: info('message', true, 'The server could not read or write its store.'),
  // Load.
  rate_limited: info('message', true, 'Too many messages a second; send more slowly.'),
  server_busy: info('message', true, 'The server has too much to do just now; try again later.'),
  slow_consumer: info('connection', true, 'The connection does not read what it is sent. Read faster, then come back.'),
  // The end of a session or a connection.
  server_draining: info('connection', true, 'The server is stopping. Come back in a moment.'),
  replaced: info('connection', false, 'The same user logged in again elsewhere, which ended this session.'),
  kicked: info('connection', false, 'An operator ended this session.'),
  account_changed: info('connection', false, 'The account was changed, which ended this session. Log in again.'),
  key_revoked: info('connection', false, 'The key of this device was revoked, which ended this session.'),
  idle: info('connection', true, 'The client did not answer a heartbeat. Connect again.'),
  protocol_abuse: info('connection', false, 'Too much of what this connection sent could not be read.'),
  internal_error: info('connection', true, 'The server made a mistake with this connection. Connect again.'),
} as const satisfies Record<string, ErrorInfo>

/** The stable name of an error, lower snake case. */
export type ErrorCode = keyof typeof errorTable

/** All codes with their meaning. */
export const errors: Readonly<Record<ErrorCode, ErrorInfo>> = errorTable

/** Whether a string from the wire is one of the codes that this version knows. */
export function isErrorCode(value: string): value is ErrorCode {
  return Object.hasOwn(errorTable, value)
}

/** A fault found in something that was received, as a value: hot paths do not throw. */
export interface Fault {
  readonly code: ErrorCode
  /** One sentence for a person; names the field where there is one. */
  readonly message: string
}

/** Makes a fault; without a sentence of its own it has the code's. */
export function fault(code: ErrorCode, message: string = errorTable[code].message): Fault {
  return { code, message }
}
