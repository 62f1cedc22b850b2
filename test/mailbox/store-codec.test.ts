import t from 'tap'
import {
  packStoreReply,
  packStoreRequest,
  unpackStoreReply,
  unpackStoreRequest,
} from '../../src/mailbox/store-codec.ts'
import type { StoreReply, StoreRequest } from '../../src/mailbox/store-messages.ts'

/** Lays bytes into shared memory between others, as a ring does. */
function shared(packed: Uint8Array): Buffer {
  const memory = Buffer.from(new SharedArrayBuffer(packed.length + 16)).fill(0xc1)
  memory.set(packed, 8)
  return memory
}

t.test('requests come out as they went in', async (t) => {
  const requests: StoreRequest[] = [
    { id: 1, call: 'findAccount', take: { userId: '__proto__' } },
    { id: 2 ** 40, call: 'setBan', take: { userId: '李雷😀', bannedUntil: 1_700_000_000_000 } },
    { id: 3, call: 'importAccounts', take: { accounts: [{ userId: 'a', passwordHash: 'h', role: 'operator' }] } },
  ]
  for (const request of requests) {
    const packed = packStoreRequest(request)
    t.strictSame(unpackStoreRequest(shared(packed), 8, packed.length), request)
  }
})

t.test('replies come out as they went in: nothing, numbers, bytes, errors', async (t) => {
  const replies: StoreReply[] = [
    { id: 1, give: undefined },
    { id: 2, give: 7 },
    { id: 3, give: { userId: 'a', passwordHash: undefined, createdAt: 1_700_000_000_001 } },
    { id: 4, error: { code: 'exists', message: 'There is one.' } },
  ]
  for (const reply of replies) {
    const packed = packStoreReply(reply)
    t.strictSame(unpackStoreReply(shared(packed), 8, packed.length), reply)
  }
})

t.test('bytes do not change with the memory that they came in', async (t) => {
  const packed = packStoreReply({ id: 1, give: Uint8Array.of(1, 2, 3) })
  const memory = shared(packed)
  const reply = unpackStoreReply(memory, 8, packed.length)
  memory.fill(0)
  t.strictSame('give' in reply && [...(reply.give as Uint8Array)], [1, 2, 3])
})

t.test('what is neither a request nor a reply is a broken assumption', async (t) => {
  t.throws(() => unpackStoreReply(Buffer.from([0x01]), 0, 1), TypeError)
  t.throws(() => unpackStoreReply(Buffer.from([0x80]), 0, 1), TypeError)
})
