import t from 'tap'
import { connectControl } from '../../src/cli/control-client.ts'
import { until } from './support/deadline.ts'
import { password, startTestServer } from './support/test-server.ts'
import { answerTo, ofType, textFrom } from './support/wire-client.ts'

const users = ['amy', 'bob', 'carol', 'away', 'mallory']

t.test('operators speak to all, throw out and ban', async (t) => {
  const server = await startTestServer(t, { users, operators: ['op', 'op2'] })

  await t.test('a broadcast reaches everyone else, with its sender', async (t) => {
    const op = await server.client('op')
    const others = [await server.client('amy'), await server.webSocketClient('bob'), await server.client('carol')]
    const answer = await op.request('BroadcastRequest', { Message: 'lunch 午饭' })
    t.match(answer.content, { Success: true, Data: { Status: 'sent', Receivers: 3 } })
    for (const other of others) {
      const { envelope, content } = await other.take(ofType('BroadcastRequest'), 'the broadcast')
      t.match(envelope, { FromUserId: 'op' })
      t.equal(content.Message, 'lunch 午饭')
    }
    t.notOk(op.messages.some(ofType('BroadcastRequest')))
    const refused = await (others[0] as (typeof others)[number]).request('BroadcastRequest', { Message: 'mine' })
    t.match(refused.content, { Success: false, Code: 'not_allowed' })
    await (others[1] as (typeof others)[number]).settled()
    t.notOk(others.some((other) => other.messages.some(({ content }) => content.Message === 'mine')))
    for (const client of [op, ...others]) client.destroy()
  })

  await t.test('a user who is kicked is told why, and may come back', async (t) => {
    const op = await server.client('op')
    const amy = await server.client('amy')
    const answer = await op.request('KickRequest', { UserId: 'amy', Reason: 'Too loud.' })
    t.match(answer.content, { Success: true, Data: { Sessions: 1 } })
    t.equal(await amy.ended(), 'kicked')
    t.match(amy.messages.at(-1)?.content, { Message: /Too loud\.$/, Retryable: false })
    t.match(await op.text('amy', 'gone?'), { Data: { Status: 'stored' } })
    const again = await server.client('amy')
    t.match(await again.text('op', 'back'), { Success: true })
    again.destroy()
    op.destroy()
  })

  await t.test('a kick of who is not there says so', async (t) => {
    const op = await server.client('op')
    t.match((await op.request('KickRequest', { UserId: 'away' })).content, { Success: false, Code: 'user_offline' })
    t.match((await op.request('KickRequest', { UserId: 'nobody' })).content, { Success: false, Code: 'user_unknown' })
    t.match((await op.request('KickRequest', { UserId: 'nobody', BanSeconds: 5 })).content, { Code: 'user_unknown' })
    op.destroy()
  })

  await t.test('an operator who throws out the own session is answered first', async (t) => {
    const op = await server.client('op')
    op.send('KickRequest', { UserId: 'op' }, { CallbackID: 'self' })
    t.equal(await op.ended(), 'kicked')
    t.equal(op.messages.filter(answerTo('self')).length, 1)
  })

  await t.test('an operator who bans the own account is answered', async (t) => {
    const op = await server.client('op2')
    op.send('KickRequest', { UserId: 'op2', BanSeconds: 60 }, { CallbackID: 'self' })
    t.equal(await op.ended(), 'kicked')
    t.equal(op.messages.filter(answerTo('self')).length, 1)
  })

  await t.test('a ban ends the session, refuses logins for its time, and tells how long', async (t) => {
    const op = await server.client('op')
    const mallory = await server.connect()
    const token = (await mallory.login('mallory', { Password: password })).Token ?? ''
    const answer = await op.request('KickRequest', { UserId: 'mallory', BanSeconds: 2 })
    t.match(answer.content, { Success: true, Data: { Sessions: 1 } })
    t.equal(await mallory.ended(), 'kicked')
    const banned = await server.connect()
    const refused = await banned.login('mallory', { Password: password })
    t.match(refused, { Success: false, Code: 'banned' })
    t.ok((refused['RetryAfter'] as number) <= 2)
    t.match(await banned.login('mallory', { Token: token }), { Success: false, Code: 'banned' })
    t.match(await banned.login('mallory', { Password: 'a wrong one' }), { Success: false, Code: 'auth_failed' })
    await until(async () => {
      const back = await server.connect()
      const { Success } = await back.login('mallory', { Token: token })
      back.destroy()
      return Success === true
    }, 'the end of the ban')
    banned.destroy()
    op.destroy()
  })

  await t.test('users who are no operators throw nobody out', async (t) => {
    const amy = await server.client('amy')
    const bob = await server.client('bob')
    const refused = await amy.request('KickRequest', { UserId: 'bob', BanSeconds: 5 })
    t.match(refused.content, { Success: false, Code: 'not_allowed' })
    t.match(await bob.text('amy', 'still here'), { Success: true })
    await amy.take(textFrom('bob'), 'the text')
    amy.destroy()
    bob.destroy()
  })

  await t.test('the control socket does the same for the command line', async (t) => {
    const amy = await server.client('amy')
    const control = await connectControl(server.dataDir)
    if (control === undefined) throw new Error('there is no control socket')
    await until(async () => (await control.call('who', {})).total === 1, 'the end of the sessions before')
    t.match(await control.call('who', {}), { items: ['amy'], total: 1 })
    t.match(await control.call('status', {}), { version: '0.0.0-test', users: 1, sessions: 1 })
    // While the store still looks whether something waits for her, a message goes there first.
    t.match(await control.call('send', { to: 'amy', message: 'from the server' }), { status: /^(sent|stored)$/ })
    const text = await amy.take(ofType('TextMsgRequest'), 'the text')
    t.notOk('FromUserId' in text.envelope, 'it comes from the server itself')
    t.equal(text.content.Message, 'from the server')
    t.match(await control.call('send', { to: 'away', message: 'x' }), { status: 'stored' })
    t.same(await control.call('send', { to: 'nobody', message: 'x' }), { status: 'rejected', code: 'user_unknown' })
    t.same(await control.call('broadcast', { message: 'all' }), { receivers: 1 })
    await amy.take(ofType('BroadcastRequest'), 'the broadcast')
    t.same(await control.call('kick', { userId: 'amy' }), { sessions: 1 })
    t.equal(await amy.ended(), 'kicked')
    control.close()
  })

  t.same(server.faults(), [])
})
