import t from 'tap'
import { errors, fault, isErrorCode } from '../../src/protocol/errors.ts'

t.test('codes are lower snake case, sentences are sentences', async (t) => {
  for (const [code, { message, scope }] of Object.entries(errors)) {
    t.match(code, /^[a-z]+(_[a-z]+)*$/)
    t.match(message, /^[A-Z].*\.$/, code)
    t.ok(scope === 'message' || scope === 'connection')
  }
})

t.test('the codes that the wire promises are there', async (t) => {
  const promised =
    'auth_required auth_failed not_allowed bad_frame frame_too_large bad_envelope unknown_type bad_content user_unknown user_offline id_reused bad_signature replayed rate_limited slow_consumer storage_full storage_failed server_busy server_draining kicked banned replaced idle'
  for (const code of promised.split(' ')) t.ok(isErrorCode(code), code)
})

t.test('only codes are codes', async (t) => {
  for (const code of ['', 'Kicked', 'kicked ', 'toString', '__proto__', 'constructor', 'hasOwnProperty'])
    t.notOk(isErrorCode(code), code)
})

t.test('a fault has the sentence of its code, or its own', async (t) => {
  t.strictSame(fault('banned'), { code: 'banned', message: errors.banned.message })
  t.strictSame(fault('bad_content', 'Because.'), { code: 'bad_content', message: 'Because.' })
})
