/** Reads what the server tells a sender later of its messages. Pure. */
import { isRecord } from './message.ts'

/** What became of a message after its answer. */
export type ReceiptStatus =
  /** A device of the receiver has acknowledged it. */
  | 'delivered'
  /** The receiver has read it, and every earlier one of this user. */
  | 'read'
  /** Its time to live ended before the receiver came. */
  | 'expired'
  /** The receiver's inbox was full, and it had to make room. */
  | 'dropped'

/** What became of one message. */
export interface Receipt {
  /** The receiver. */
  readonly to: string
  readonly status: ReceiptStatus
  /** The `msgId` in the result of `send`. */
  readonly msgId: string
  /** The sender's own id, where the server still knows it. */
  readonly clientMsgId: string | undefined
}

const statuses: ReadonlySet<unknown> = new Set<ReceiptStatus>(['delivered', 'read', 'expired', 'dropped'])

/** The receipts in the content of a `ReceiptEvent`; what can't be read is left out. */
export function receiptsIn(content: unknown): Receipt[] {
  if (!isRecord(content)) return []
  const { ToUserId: to, Status: status, Items: items } = content
  if (typeof to !== 'string' || !isStatus(status) || !Array.isArray(items)) return []
  return items.filter(isRecord).flatMap((item) => {
    const { MsgId: msgId, ClientMsgId: clientMsgId } = item
    if (typeof msgId !== 'string') return []
    return [{ to, status, msgId, clientMsgId: typeof clientMsgId === 'string' ? clientMsgId : undefined }]
  })
}

function isStatus(value: unknown): value is ReceiptStatus {
  return statuses.has(value)
}
