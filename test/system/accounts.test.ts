import t from 'tap'
import { connectControl } from '../../src/cli/control-client.ts'
import { password, startTestServer } from './support/test-server.ts'
import { answerTo, textFrom } from './support/wire-client.ts'

const next = 'another horse battery'

t.test('passwords, tokens and sessions, several devices a user', async (t) => {
  const users = ['amy', 'bob', 'carol', 'dora', 'erin', 'fred']
  const server = await startTestServer(t, { users, settings: { SESSION_POLICY: 'multi', USER_SESSIONS_MAX: '3' } })

  await t.test('a token logs the same user in, and nobody else', async (t) => {
    const first = await server.connect()
    const token = (await first.login('amy', { Password: password })).Token ?? ''
    const second = await server.connect()
    t.match(await second.login('bob', { Token: token }), { Success: false, Code: 'auth_failed' })
    t.match(await second.login('amy', { Token: `${token.slice(0, -2)}xx` }), { Success: false, Code: 'auth_failed' })
    t.match(await second.login('amy', { Token: token }), { Success: true, UserId: 'amy', Token: String })
    first.destroy()
    second.destroy()
  })

  await t.test('all devices of a user get each message, and the sender one answer', async (t) => {
    const devices = [await server.client('amy'), await server.webSocketClient('amy'), await server.client('amy')]
    const bob = await server.client('bob')
    const callbackId = 'many'
    bob.send('TextMsgRequest', { Message: 'to all' }, { ToUserId: 'amy', CallbackID: callbackId })
    for (const device of devices) t.equal((await device.take(textFrom('bob'), 'the text')).content.Message, 'to all')
    await bob.settled()
    t.equal(bob.messages.filter(answerTo(callbackId)).length, 1)

    const oneMore = await server.connect()
    t.match(await oneMore.login('amy', { Password: password }), { Success: false, Code: 'server_busy' })
    devices[1]?.destroy()
    const isIn = async (): Promise<boolean> => (await oneMore.login('amy', { Password: password })).Success === true
    const deadline = performance.now() + 10_000
    let done = await isIn()
    while (!done && performance.now() < deadline) done = await isIn()
    t.ok(done, 'once a device is gone another may come')
    for (const client of [...devices, bob, oneMore]) client.destroy()
  })

  await t.test('after a change of the password tokens are void and other sessions end', async (t) => {
    const here = await server.connect()
    const token = (await here.login('carol', { Password: password })).Token ?? ''
    const there = await server.client('carol')
    const change = (OldPassword: string, NewPassword: string) =>
      here.request('PasswordRequest', { OldPassword, NewPassword })
    t.match((await change('wrong horse', next)).content, { Success: false, Code: 'auth_failed' })
    t.match((await change(password, 'short')).content, { Success: false, Code: 'bad_content' })
    t.notOk(there.isEnded())
    const changed = await change(password, next)
    t.equal(changed.envelope.MsgType, 'CommonResponse')
    t.match(changed.content, { Success: true })
    t.equal(await there.ended(), 'account_changed')
    t.match((await here.request('HeartbeatRequest', {})).envelope, { MsgType: 'HeartbeatResponse' }, 'this one goes on')
    const again = await server.connect()
    t.match(await again.login('carol', { Token: token }), { Success: false, Code: 'auth_failed' })
    t.match(await again.login('carol', { Password: password }), { Success: false, Code: 'auth_failed' })
    t.match(await again.login('carol', { Password: next }), { Success: true })
    here.destroy()
    again.destroy()
  })

  await t.test('two changes at once: one is done, the other refused, both answered', async (t) => {
    const dora = await server.client('dora')
    const content = { OldPassword: password, NewPassword: next }
    const answers = await Promise.all([
      dora.request('PasswordRequest', content),
      dora.request('PasswordRequest', content),
    ])
    t.same(answers.map(({ content }) => content.Code ?? 'done').sort(), ['done', 'server_busy'])
    dora.destroy()
  })

  await t.test('changes on the command line take effect at once', async (t) => {
    const control = await connectControl(server.dataDir)
    if (control === undefined) throw new Error('there is no control socket')
    const erin = await server.connect()
    const token = (await erin.login('erin', { Password: password })).Token ?? ''
    await control.call('setDisabled', { userId: 'erin', disabled: true })
    t.equal(await erin.ended(), 'account_changed')
    const again = await server.connect()
    t.match(await again.login('erin', { Token: token }), { Success: false, Code: 'auth_failed' })
    t.match(await again.login('erin', { Password: password }), { Success: false, Code: 'auth_failed' })
    await control.call('setDisabled', { userId: 'erin', disabled: false })
    t.match(await again.login('erin', { Password: password }), { Success: true, Role: 'user' })
    await control.call('setRole', { userId: 'erin', role: 'operator' })
    t.equal(await again.ended(), 'account_changed')
    const operator = await server.connect()
    t.match(await operator.login('erin', { Password: password }), { Success: true, Role: 'operator' })
    await control.call('removeAccount', { userId: 'erin' })
    t.equal(await operator.ended(), 'account_changed')
    t.match(await (await server.client('fred')).text('erin', 'x'), { Code: 'user_unknown' })
    control.close()
  })

  t.same(server.faults(), [])
})

t.test('one session a user: a new login ends the old one', async (t) => {
  const server = await startTestServer(t, { users: ['amy', 'bob'] })
  const first = await server.client('amy')
  const bob = await server.client('bob')
  const second = await server.webSocketClient('amy')
  t.equal(await first.ended(), 'replaced')
  t.match(first.messages.at(-1)?.content, { Retryable: false })
  t.match(await bob.text('amy', 'to the new one'), { Success: true })
  t.equal((await second.take(textFrom('bob'), 'the text')).content.Message, 'to the new one')

  const third = await server.client('amy')
  t.equal(await second.ended(), 'replaced')
  t.equal(second.closeCode, 1000)
  t.match((await bob.request('UserListRequest', {})).content, { Total: 2 })
  t.match(await third.text('bob', 'x'), { Success: true })

  // Many at once: each is answered, and one stays.
  const crowd = await Promise.all(Array.from({ length: 12 }, () => server.connect()))
  const logins = await Promise.all(crowd.map((client) => client.login('amy', { Password: password })))
  t.ok(logins.every(({ Success }) => Success === true))
  t.equal(await third.ended(), 'replaced')
  await bob.settled()
  t.match(await bob.text('amy', 'who is left?'), { Success: true })
  await Promise.race(crowd.map((client) => client.take(textFrom('bob'), 'the text').catch(() => client.ended(60_000))))
  const left = crowd.filter((client) => client.messages.some(textFrom('bob')))
  t.equal(left.length, 1)
  for (const client of crowd) if (client !== left[0]) t.equal(await client.ended(), 'replaced')
  t.same(server.faults(), [])
})

t.test('self-registration is off unless it is turned on', async (t) => {
  const closed = await startTestServer(t)
  const stranger = await closed.connect()
  const refused = await stranger.request('AuthRequest', { UserId: 'newcomer', Password: password, Register: true })
  t.match(refused.content, { Success: false, Code: 'not_allowed' })

  const open = await startTestServer(t, { users: ['amy'], settings: { SELF_REGISTRATION: 'on' } })
  const newcomer = await open.connect()
  const register = async (UserId: string, Password: string) =>
    (await newcomer.request('AuthRequest', { UserId, Password, Register: true })).content
  t.match(await register('amy', password), { Success: false, Code: 'user_exists' })
  t.match(await register('newcomer', 'short'), { Success: false, Code: 'bad_content' })
  t.match(await register('newcomer', password), { Success: true, UserId: 'newcomer', Role: 'user' })
  t.match(await (await open.client('amy')).text('newcomer', 'welcome'), { Success: true })
  await open.client('newcomer')
})
