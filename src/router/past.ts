/**
 * The history as the router sees it: it gives away what was accepted, in that order and only once it is certain, and passes on
 * what sessions ask of it.
 */
import type { HistoryCalls } from '../mailbox/history-messages.ts'
import { comparePositions } from '../mailbox/position.ts'
import type { ConnectionId, RequestMessage } from '../mailbox/router-messages.ts'
import type {
  ConversationsRequest,
  ConversationsResponse,
  HistoryRequest,
  ReadRequest,
  ReceiptEvent,
} from '../protocol/entities/index.ts'
import { historyLimitDefault } from '../protocol/entities/index.ts'
import { type Fault, fault } from '../protocol/errors.ts'
import { frameOf } from '../protocol/replies.ts'
import { messageId, placeOfMessage, receiverTag } from '../security/message-id.ts'
import { refuse, say, serverFrame, succeed } from './answer.ts'
import { send } from './delivery.ts'
import { historyContent } from './past-page.ts'
import { wantsReceipts } from './receipt-askers.ts'
import { type Session, type Step, sessionOf } from './state.ts'

/** Who asks for something of the history. */
export interface PastAsker {
  readonly connection: ConnectionId
  readonly type: string
  readonly callbackId: string | undefined
}

/** What is asked of the history. */
export type PastRequest =
  | ({ readonly kind: 'page' } & HistoryCalls['readHistory']['take'])
  | ({ readonly kind: 'list' } & HistoryCalls['listConversations']['take'])
  | ({ readonly kind: 'read'; readonly messageId: string } & HistoryCalls['markRead']['take'])

/** What came of it. */
export type PastVerdict =
  | { readonly kind: 'page'; readonly page: HistoryCalls['readHistory']['give'] }
  | { readonly kind: 'list'; readonly list: HistoryCalls['listConversations']['give'] }
  /** `state` is undefined where nothing is kept. */
  | { readonly kind: 'read'; readonly state: HistoryCalls['markRead']['give'] | undefined }
  | { readonly kind: 'refused'; readonly problem: Fault }

/** Whether a request is about the history. */
export function isPastRequest(type: string): boolean {
  return type === 'HistoryRequest' || type === 'ConversationsRequest' || type === 'ReadRequest'
}

/** Takes such a request; its content was checked. */
export function pastRequest(step: Step, session: Session, message: RequestMessage): void {
  const { past } = step.state
  const { connection, type, callbackId } = message
  const request = requestOf(step, session, message)
  const underWay = past.underWay.get(connection) ?? 0
  if ('code' in request) {
    refuse(step, { ...message, toUser: false }, request)
  } else if (underWay >= past.options.requestsMax) {
    refuse(
      step,
      { ...message, toUser: false },
      fault('server_busy', 'Too many requests of this session are under way.'),
    )
  } else {
    past.underWay.set(connection, underWay + 1)
    step.effects.push({ kind: 'pastRequest', asker: { connection, type, callbackId }, request })
  }
}

function requestOf(step: Step, { user }: Session, { type, content }: RequestMessage): PastRequest | Fault {
  const { isOn, pageBytesMax } = step.state.past.options
  const value: unknown = JSON.parse(content)
  if (type === 'ReadRequest') return readRequestOf(step, user, value as ReadRequest)
  if (!isOn) return fault('not_supported', 'This server keeps no history.')
  if (type === 'ConversationsRequest') {
    const { After = '', Limit = historyLimitDefault } = value as ConversationsRequest
    return { kind: 'list', user, after: After, limit: Limit }
  }
  const { UserId, Before, After, Limit = historyLimitDefault } = value as HistoryRequest
  if (Before !== undefined && After !== undefined) {
    return fault('bad_content', 'A HistoryRequest has Before or After, not both.')
  }
  return {
    kind: 'page',
    user,
    with: UserId,
    limit: Limit,
    bytesMax: pageBytesMax,
    ...(Before === undefined ? {} : { before: Before }),
    ...(After === undefined ? {} : { after: After }),
  }
}

function readRequestOf({ state }: Step, user: string, { UserId, MsgId }: ReadRequest): PastRequest | Fault {
  const place = placeOfMessage(MsgId)
  const { inbox } = state
  const isOwn = place !== undefined && place.tag === receiverTag(user) && place.epoch <= inbox.epoch
  const lastSeq = inbox.recipients.get(user)?.lastSeq ?? inbox.lastSeqs.get(user) ?? 0
  if (!isOwn || (place.epoch === inbox.epoch && place.seq > lastSeq)) {
    return fault('bad_content', 'Content.MsgId is not the name of a message to this user.')
  }
  return { kind: 'read', user, with: UserId, epoch: place.epoch, seq: place.seq, messageId: MsgId }
}

/** The store has answered. */
export function pastDecided(
  step: Step,
  decided: { readonly asker: PastAsker; readonly request: PastRequest; readonly verdict: PastVerdict },
): void {
  const { asker, request, verdict } = decided
  const { past } = step.state
  const left = (past.underWay.get(asker.connection) ?? 1) - 1
  if (left > 0) past.underWay.set(asker.connection, left)
  else past.underWay.delete(asker.connection)
  if (request.kind === 'read' && verdict.kind === 'read') {
    tellRead(step, request, verdict.state === undefined ? isFurther(step, request) : verdict.state.moved)
  }
  if (sessionOf(step.state, asker.connection)?.user !== request.user) return
  switch (verdict.kind) {
    case 'refused':
      refuse(step, { ...asker, toUser: false }, verdict.problem)
      break
    case 'read':
      succeed(step, asker, verdict.state === undefined ? undefined : { Unread: verdict.state.unread })
      break
    case 'list': {
      const { items, next } = verdict.list
      const response: ConversationsResponse = {
        Success: true,
        Items: items.map(({ userId, position, time, unread }) => ({
          UserId: userId,
          Position: position,
          ServerTime: Math.floor(time / 1000),
          Unread: unread,
        })),
        ...(next === undefined ? {} : { After: next }),
      }
      say(step, asker.connection, 'ConversationsResponse', response, asker.callbackId)
      break
    }
    case 'page':
      if (request.kind === 'page') sayPage(step, asker, request, verdict.page)
      break
    default:
      verdict satisfies never
  }
}

/** The content is text already: only the envelope around it is written here. */
function sayPage(
  step: Step,
  { connection, callbackId }: PastAsker,
  request: Extract<PastRequest, { kind: 'page' }>,
  page: HistoryCalls['readHistory']['give'],
): void {
  const tags = new Map([request.user, request.with].map((user) => [user, receiverTag(user)]))
  const content = historyContent(request, page, {
    isForward: request.after !== undefined,
    bytesMax: step.state.past.options.pageBytesMax,
    nameOf: ({ epoch, seq }, receiver) => messageId(epoch, seq, tags.get(receiver) ?? ''),
  })
  const body = JSON.stringify({
    MsgType: 'HistoryResponse',
    CreateTime: Math.floor(step.now / 1000),
    ...(callbackId === undefined ? {} : { CallbackID: callbackId }),
    Content: content,
  })
  const frames = frameOf(step.state.options.delimiters, body)
  step.effects.push({ kind: 'send', connection, message: { kind: 'deliver', connection, receipt: 0, frames } })
}

/** Whether a place is behind what the sender was told: without a history nobody else knows. */
function isFurther({ state }: Step, request: Extract<PastRequest, { kind: 'read' }>): boolean {
  const { toldRead, options } = state.past
  const key = JSON.stringify([request.with, request.user])
  const told = toldRead.get(key)
  if (told !== undefined && comparePositions(request, told) <= 0) return false
  toldRead.delete(key)
  toldRead.set(key, { epoch: request.epoch, seq: request.seq })
  for (const oldest of toldRead.keys()) {
    if (toldRead.size <= options.toldReadMax) break
    toldRead.delete(oldest)
  }
  return true
}

/** Tells the sender, if that one asked for it, that everything up to a message was read. */
function tellRead(step: Step, request: Extract<PastRequest, { kind: 'read' }>, moved: boolean): void {
  if (!moved || !wantsReceipts(step, request.with)) return
  const content: ReceiptEvent = { ToUserId: request.user, Status: 'read', Items: [{ MsgId: request.messageId }] }
  send(step, request.with, serverFrame(step, 'ReceiptEvent', content), undefined)
}
