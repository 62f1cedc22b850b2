import t from 'tap'
import { endsConnection, ParleyError } from '../../src/client/errors.ts'

t.test('an error has its code’s sentence and says whether to try again, unless told otherwise', async (t) => {
  t.match(new ParleyError('user_offline'), { code: 'user_offline', retryable: true, message: /not online/ })
  t.match(new ParleyError('timeout'), { code: 'timeout', retryable: true, message: /in time/ })
  t.match(new ParleyError('kicked', { message: 'Out!', retryable: true }), { message: 'Out!', retryable: true })
  const cause = new Error('why')
  t.equal(new ParleyError('connect_failed', { cause }).cause, cause)
})

t.test('a code that this version does not know stands as it is', async (t) => {
  const error = new ParleyError('brand_new')
  t.match(error, { code: 'brand_new', retryable: false, message: /brand_new/ })
  t.match(new ParleyError('__proto__'), { code: '__proto__', retryable: false })
})

t.test('only codes of the scope connection end it', async (t) => {
  t.ok(endsConnection('kicked'))
  t.notOk(endsConnection('user_offline'))
  t.notOk(endsConnection('timeout'))
  t.notOk(endsConnection('constructor'))
})
