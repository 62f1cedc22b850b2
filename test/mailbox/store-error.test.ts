import t from 'tap'
import { StoreError } from '../../src/mailbox/store-error.ts'

t.test('an error crosses as plain data and comes out the same', async (t) => {
  const error = new StoreError('exists', 'There is one.', { cause: new Error('secret') })
  const plain = structuredClone(error.toPlain())
  t.strictSame(plain, { code: 'exists', message: 'There is one.' })
  t.match(StoreError.fromPlain(plain), { name: 'StoreError', code: 'exists', message: 'There is one.' })
})
