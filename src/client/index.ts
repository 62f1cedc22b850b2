/** The client of a Parley server, for Node and for pages: the door that applications come in by. */
export type {
  BroadcastRequest,
  ErrorResponse,
  KeyEvent,
  PresenceEvent,
  TextMsgRequest,
} from '../protocol/entities/index.ts'
export type { Envelope } from '../protocol/envelope.ts'
export type { ErrorCode } from '../protocol/errors.ts'
export type { BroadcastResult, LoginResult, OnlineUser, SendResult, SendStatus, UserPage } from './answer.ts'
export type { Loss } from './arrivals.ts'
export type { RequestOptions, SendOptions, UserListOptions } from './call-options.ts'
export { type Client, connect } from './client.ts'
export type { EnrolmentResult } from './client-keys.ts'
export type { Cursor, CursorStore } from './cursor.ts'
export type { GivenKey } from './device-key.ts'
export type { KeysChanged, UserKeys } from './directory.ts'
export { type ClientErrorCode, ParleyError, type ParleyErrorCode } from './errors.ts'
export type { ClientEvents, ContentByType, EventHandler, MessageHandler } from './events.ts'
export type { Conversation, ConversationPage, HistoryOptions, HistoryPage, PastMessage } from './history.ts'
export type { KeyPin, KeyPins } from './key-pins.ts'
export type { KnownHosts } from './known-hosts.ts'
export type { EndToEndOrigin, IncomingMessage, MessageSignature } from './message.ts'
export { type ConnectOptions, optionDefaults, type ReconnectOptions } from './options.ts'
export type { Receipt, ReceiptStatus } from './receipts.ts'
export type { SavedTicket, SealedSession, SealOptions, ServerKey, TicketStore } from './sealing-options.ts'
export type { Credentials } from './session-state.ts'
export type { SignAlgorithm } from './signing.ts'
export type { Charset } from './transport.ts'
