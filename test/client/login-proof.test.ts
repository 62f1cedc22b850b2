import t from 'tap'
import { loginProofs } from '../../src/client/login-proof.ts'

t.test('the cheapest proof comes first', async (t) => {
  const all = { userId: 'alice', token: 't', password: 'p' }
  t.strictSame(loginProofs(all, false), [{ Token: 't' }, { Password: 'p' }])
  t.strictSame(loginProofs(all, true), [{}, { Token: 't' }, { Password: 'p' }])
  t.strictSame(loginProofs({ userId: 'alice', password: 'p' }, false), [{ Password: 'p' }])
  t.strictSame(loginProofs({ userId: 'alice', token: 't' }, true), [{}, { Token: 't' }])
})
