import t from 'tap'
import { Users } from '../../src/acceptor/users.ts'
import { messageKeysOf } from './fakes.ts'

const own = { sealed: undefined, messageKeys: messageKeysOf('ann') }

t.test('all sessions of a user share one rate, and others have their own', async (t) => {
  const users = new Users(1)
  const first = users.enter('ann', 0, own)
  const second = users.enter('ann', 0, own)
  t.equal(first.bucket, second.bucket)
  t.not(users.enter('bob', 0, own).bucket, first.bucket)
  t.equal(users.sessions(), 3)
})

t.test('logging in again is no way around the rate, and who is gone for long is forgotten', async (t) => {
  const users = new Users(1)
  const first = users.enter('ann', 0, own)
  users.leave(first, 100)
  t.equal(users.sessions(), 0)
  users.forget(2000)
  t.equal(users.enter('ann', 2000, own).bucket, first.bucket)
  users.forget(10_000)
  const again = users.enter('ann', 10_000, own)
  t.equal(again.bucket, first.bucket, 'not while there is a session')
  users.leave(again, 10_000)
  users.leave(again, 10_000)
  users.forget(12_001)
  t.not(users.enter('ann', 12_001, own).bucket, first.bucket)
})

t.test('a name is written as JSON', async (t) => {
  const session = new Users(0).enter('a"b', 0, own)
  t.equal(session.nameJson.toString(), '"a\\"b"')
  t.equal(session.senderMember.toString(), '"FromUserId":"a\\"b",')
})
