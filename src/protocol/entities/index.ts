/** The table of entities. What checks a `Content` against it is `../content.ts`. */
import { ackRequest } from './ack.ts'
import { authRequest, authResponse } from './auth.ts'
import { commonRequest, commonResponse } from './common.ts'
import { endToEndMsgRequest } from './end-to-end.ts'
import type { Entity } from './entity.ts'
import { errorResponse } from './error-response.ts'
import { heartbeatRequest, heartbeatResponse } from './heartbeat.ts'
import { conversationsRequest, conversationsResponse, historyRequest, historyResponse, readRequest } from './history.ts'
import {
  approveKeyRequest,
  enrolKeyRequest,
  keyDirectoryRequest,
  keyDirectoryResponse,
  keyEvent,
  revokeKeyRequest,
} from './keys.ts'
import { broadcastRequest, kickRequest } from './operator.ts'
import { passwordRequest } from './password.ts'
import { presenceEvent } from './presence.ts'
import { receiptEvent } from './receipt.ts'
import { platformFinish, platformKeyMessage, platformKeyRequest, terminalKeyMessage } from './sealed.ts'
import { textMsgRequest } from './text.ts'
import { userListRequest, userListResponse } from './user-list.ts'

export type { AckRequest } from './ack.ts'
export type { AuthRequest, AuthResponse } from './auth.ts'
export type { CommonRequest, CommonResponse } from './common.ts'
export type { EndToEndMsgRequest } from './end-to-end.ts'
export type { Entity } from './entity.ts'
export type { ErrorResponse } from './error-response.ts'
export type { Heartbeat } from './heartbeat.ts'
export {
  type ConversationsRequest,
  type ConversationsResponse,
  type HistoryRequest,
  type HistoryResponse,
  historyLimitDefault,
  historyLimitMax,
  type ReadRequest,
} from './history.ts'
export {
  type ApproveKeyRequest,
  type EnrolKeyRequest,
  type KeyDirectoryEntry,
  type KeyDirectoryRequest,
  type KeyDirectoryResponse,
  type KeyEvent,
  keyDirectoryPageMax,
  type RevokeKeyRequest,
  type RsaPublicKey,
} from './keys.ts'
export { type BroadcastRequest, banSecondsMax, type KickRequest } from './operator.ts'
export { type PasswordRequest, passwordLengthMax, passwordLengthMin } from './password.ts'
export type { PresenceEvent } from './presence.ts'
export type { ReceiptEvent } from './receipt.ts'
export type { TextMsgRequest } from './text.ts'
export { type UserListRequest, type UserListResponse, userListLimitDefault, userListLimitMax } from './user-list.ts'

const all: readonly Entity[] = [
  authRequest,
  authResponse,
  textMsgRequest,
  commonRequest,
  commonResponse,
  ackRequest,
  passwordRequest,
  userListRequest,
  userListResponse,
  presenceEvent,
  receiptEvent,
  broadcastRequest,
  kickRequest,
  platformKeyRequest,
  platformKeyMessage,
  platformFinish,
  terminalKeyMessage,
  enrolKeyRequest,
  approveKeyRequest,
  revokeKeyRequest,
  keyEvent,
  keyDirectoryRequest,
  keyDirectoryResponse,
  endToEndMsgRequest,
  historyRequest,
  historyResponse,
  conversationsRequest,
  conversationsResponse,
  readRequest,
  heartbeatRequest,
  heartbeatResponse,
  errorResponse,
]

/** Every entity of the protocol by its `MsgType`. A `Map`: `__proto__` is no type. */
export const entities: ReadonlyMap<string, Entity> = new Map(all.map((entity) => [entity.type, entity]))
