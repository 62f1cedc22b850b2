/** What sessions and operators ask of the history, joined to the store. Runs on: the main thread. */
import { StoreError } from '../mailbox/store-error.ts'
import type { Store } from '../mailbox/store-messages.ts'
import { type ErrorCode, errors, fault, isErrorCode } from '../protocol/errors.ts'
import type { PastRequest, PastVerdict } from '../router/past.ts'
import { pastEnvelope } from '../router/past-page.ts'
import { messageId, receiverTag } from '../security/message-id.ts'
import type { PastPage, PastQuery } from './control-protocol.ts'

/** Asks the store. Never rejects: what fails becomes a code. */
export async function askPast(store: Store, isOn: boolean, request: PastRequest): Promise<PastVerdict> {
  try {
    if (request.kind === 'list') return { kind: 'list', list: await store.call('listConversations', request) }
    if ((await store.call('findAccount', { userId: request.with })) === undefined) {
      return { kind: 'refused', problem: fault('user_unknown') }
    }
    if (request.kind === 'page') return { kind: 'page', page: await store.call('readHistory', request) }
    return { kind: 'read', state: isOn ? await store.call('markRead', request) : undefined }
  } catch (error) {
    const code = error instanceof StoreError && isErrorCode(error.code) ? error.code : 'storage_failed'
    return { kind: 'refused', problem: fault(code, errors[code].message) }
  }
}

/** Messages on a page of an operator where nothing else is asked. */
const operatorPageDefault = 50
/** One answer of the control socket has room for that. */
const operatorPageBytesMax = 4 * 2 ** 20

/** A page for an operator. @throws Error with a code, for the control socket */
export async function pageForOperator(store: Store, isOn: boolean, query: PastQuery): Promise<PastPage> {
  if (!isOn) throw coded('not_supported', 'This server keeps no history: set PARLEY_HISTORY.')
  if (query.before !== undefined && query.after !== undefined) {
    throw coded('bad_content', 'A page is before a position or after one, not both.')
  }
  for (const userId of [query.user, query.with]) {
    if ((await store.call('findAccount', { userId })) === undefined)
      throw coded('user_unknown', `There is no user ${userId}.`)
  }
  const take = { ...query, limit: query.limit ?? operatorPageDefault, bytesMax: operatorPageBytesMax }
  const { messages, more, unread, read, readByOther } = await store.call('readHistory', take)
  const items = messages.map((message) => {
    const name = messageId(message.epoch, message.seq, receiverTag(message.isOwn ? query.with : query.user))
    // Accepted envelopes are JSON objects.
    return { position: message.position, message: JSON.parse(pastEnvelope(message, name)) as Record<string, unknown> }
  })
  return { items, more, unread, read, readByOther }
}

function coded(code: ErrorCode, message: string): Error {
  return Object.assign(new Error(message), { code })
}
