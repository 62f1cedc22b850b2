import { createCipheriv } from 'node:crypto'
import t from 'tap'
import { release } from '../../src/security/release.ts'

const canRelease = 'transfer' in ArrayBuffer.prototype

t.test('what a cipher gave is given back', async (t) => {
  const given = createCipheriv('aes-256-gcm', Buffer.alloc(32), Buffer.alloc(12), { authTagLength: 16 }).update('text')
  release(given)
  t.equal(given.length, canRelease ? 0 : 4)
})

t.test('what shares its memory stays', async (t) => {
  const memory = Buffer.allocUnsafeSlow(8).fill(7)
  release(memory.subarray(2, 4))
  release(memory.subarray(0, 7))
  release(new Uint8Array(0))
  t.same(memory, Buffer.alloc(8, 7))
})
