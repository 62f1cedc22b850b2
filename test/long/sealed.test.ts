import t from 'tap'
import { connectControl } from '../../src/cli/control-client.ts'
import { newClientKey } from '../system/support/sealed-client.ts'
import { connectSealed, loginSealed } from '../system/support/sealed-people.ts'
import { password, startTestServer } from '../system/support/test-server.ts'
import { bodyOf, errorOf, ofType, textFrom } from '../system/support/wire-client.ts'

t.test('sealed sessions in every form of the wire talk with one another and with plain ones', async (t) => {
  const server = await startTestServer(t, { users: ['amy', 'bob', 'carol', 'dora', 'eve'] })
  const people = {
    amy: await loginSealed(t, server, 'amy'),
    bob: await loginSealed(t, server, 'bob', { speech: 'compact' }),
    carol: await loginSealed(t, server, 'carol', { speech: 'ws-text', suite: 2 }),
    dora: await loginSealed(t, server, 'dora', { speech: 'ws-binary' }),
    eve: await server.client('eve'),
  }
  for (const from of Object.values(people)) {
    for (const to of Object.values(people)) {
      if (from === to) continue
      const Message = `from ${from.user} to ${to.user}: 汤姆 😀`
      t.match(await from.text(to.user, Message), { Success: true, Data: { Status: 'sent' } })
      t.equal((await to.take(textFrom(from.user), 'the text')).content.Message, Message)
    }
  }
  for (const { faults } of Object.values(people)) t.same(faults, [])
})

t.test('other delimiters and GB18030 hold for what is within records too', async (t) => {
  const settings = { CHARSET: 'gb18030', START_BYTE: '0x1e', END_BYTE: '0x1f' }
  const server = await startTestServer(t, { users: ['amy', 'bob', 'carol'], settings })
  const speech = { charset: 'gb18030', start: 0x1e, end: 0x1f } as const
  const amy = await loginSealed(t, server, 'amy', { ...speech, suite: 2 })
  const bob = await loginSealed(t, server, 'bob', { ...speech, speech: 'ws-text' })
  const carol = await loginSealed(t, server, 'carol', { ...speech, speech: 'ws-binary' })
  for (const to of [bob, carol]) {
    t.match(await amy.text(to.user, '汤姆 😀'), { Success: true })
    t.equal((await to.take(textFrom('amy'), 'the text')).content.Message, '汤姆 😀')
    t.match(await to.text('amy', '谢谢'), { Success: true })
    t.equal((await amy.take(textFrom(to.user), 'the answer')).content.Message, '谢谢')
  }
  t.same([...amy.faults, ...bob.faults, ...carol.faults], [])
})

t.test('suite 3 is there where it is switched on, and only there', async (t) => {
  const server = await startTestServer(t, { users: ['amy', 'bob'], settings: { SUITES: '1,3' } })
  const amy = await loginSealed(t, server, 'amy', { suite: 3 })
  const bob = await loginSealed(t, server, 'bob')
  t.match(await amy.text('bob', 'old and new'), { Success: true })
  t.equal((await bob.take(textFrom('amy'), 'the text')).content.Message, 'old and new')
  const two = await connectSealed(t, server)
  const offer = await two.offer()
  t.same(offer.suites, [1, 3])
  t.throws(() => two.answer(offer, { suite: 2 }))
})

t.test('a record holds many messages, also more than are taken at once, and long ones', async (t) => {
  const server = await startTestServer(t, { users: ['amy', 'bob'], settings: { USER_MESSAGES_PER_SECOND: '0' } })
  const amy = await loginSealed(t, server, 'amy')
  const bob = await loginSealed(t, server, 'bob', { speech: 'ws-binary' })
  const texts = Array.from({ length: 400 }, (_, index) => `${index} ${'x'.repeat(index % 90)}`)
  amy.sendBodies(texts.map((Message) => bodyOf('TextMsgRequest', { Message }, { ToUserId: 'bob' })))
  for (const Message of texts) t.equal((await bob.take(textFrom('amy'), 'a text')).content.Message, Message)
  const long = 'y'.repeat(900_000)
  t.match(await bob.text('amy', long), { Success: true })
  t.equal((await amy.take(textFrom('bob'), 'the long text')).content.Message, long)
  t.ok(bob.recordsReceived < 100, `${bob.recordsReceived} records brought 400 texts`)
  t.same([...amy.faults, ...bob.faults], [])
})

t.test('an end is told from a cut, both ways', async (t) => {
  const server = await startTestServer(t, { users: ['amy', 'bob'] })
  for (const speech of ['tcp', 'ws-text'] as const) {
    const amy = await loginSealed(t, server, 'amy', { speech })
    await loginSealed(t, server, 'amy', { speech })
    t.equal(await amy.ended(), 'replaced')
    t.ok(amy.isClosedByServer, 'the reason, then the authenticated end')
    t.same(amy.faults, [])
  }
  const bob = await loginSealed(t, server, 'bob')
  bob.sendRecord(bob.sealRecord(3))
  await bob.ended()
  t.ok(bob.isClosedByServer)
})

t.test('a failed login leaves the sealed session, and the next attempt is a message like any other', async (t) => {
  const server = await startTestServer(t, { users: ['amy'] })
  const client = await connectSealed(t, server)
  await client.handshake()
  t.match(await client.prove('amy', { Password: 'wrong horse battery' }), { Success: false, Code: 'auth_failed' })
  t.match(await client.request('UserListRequest', {}), { content: { Code: 'auth_required' } })
  t.match(await client.login('amy', { Password: password }), { Success: true, Ticket: String, TicketExpires: Number })
  const again = await connectSealed(t, server)
  await again.handshake()
  const first = await again.prove('amy', { Password: password })
  const third = await connectSealed(t, server)
  await third.handshake()
  t.match(await third.prove('amy', { Token: first.Token }), { Success: true }, 'a token logs in here as well')
})

t.test('a ticket brings a session back without RSA and without a password', async (t) => {
  const server = await startTestServer(t, { users: ['amy', 'bob'] })
  const first = await connectSealed(t, server)
  await first.handshake({ suite: 2 })
  let content = await first.prove('amy', { Password: password })
  let ticket = first.ticketOf(content)
  for (const speech of ['tcp', 'compact', 'ws-text', 'ws-binary'] as const) {
    const client = await connectSealed(t, server, { speech })
    const session = await client.handshake({ ticket })
    t.equal(session.suite, 2)
    content = await client.prove('amy', {})
    t.match(content, { Success: true, UserId: 'amy', Role: 'user', Token: String, Ticket: String })
    ticket = client.ticketOf(content)
    t.same(client.faults, [])
  }

  await t.test('not another user', async (t) => {
    const client = await connectSealed(t, server)
    await client.handshake({ ticket })
    t.match(await client.prove('bob', {}), { Success: false, Code: 'auth_failed' })
    t.match(await client.login('bob', { Password: password }), { Success: true }, 'who can still give a password')
  })

  await t.test('not without its secret', async (t) => {
    const client = await connectSealed(t, server)
    const other = newClientKey()
    const offer = await client.offer()
    const stolen = { ...ticket, resumptionSecret: first.session?.keys.resumptionSecret ?? ticket.resumptionSecret }
    client.sendText(client.answer(offer, { ticket: stolen, key: other }).terminalBody)
    t.equal(await client.ended(), undefined)
    await server.line('connection closed', ({ fields }) => fields['detail'] === 'a ticket without its secret')
  })

  await t.test('not after a change of the account', async (t) => {
    const client = await connectSealed(t, server)
    await client.handshake({ ticket })
    t.match(await client.prove('amy', {}), { Success: true })
    const NewPassword = 'another horse battery'
    t.match(await client.request('PasswordRequest', { OldPassword: password, NewPassword }), {
      content: { Success: true },
    })
    const late = await connectSealed(t, server)
    await late.handshake({ ticket })
    t.match(await late.prove('amy', {}), { Success: false, Code: 'auth_failed' })
    t.match(await late.login('amy', { Password: NewPassword }), { Success: true })
  })
})

t.test('where sessions must be sealed', async (t) => {
  const server = await startTestServer(t, { users: ['amy'], settings: { MIN_SECURITY: 'sealed' } })

  await t.test('the server greets', async (t) => {
    for (const speech of ['tcp', 'compact', 'ws-text', 'ws-binary'] as const) {
      for (const asks of [false, true]) {
        const client = await loginSealed(t, server, 'amy', { speech, asks })
        t.equal(client.units.length, 2, 'and only once, also when it is asked in the same moment')
        t.same(client.faults, [])
      }
    }
  })

  await t.test('a plain client is told', async (t) => {
    const client = await server.connect()
    await client.take(ofType('PlatformKeyMessage'), 'the greeting')
    t.match(await client.login('amy', { Password: password }), { Success: false, Code: 'sealing_required' })
    t.equal(await client.ended(), 'sealing_required')
    const web = await server.connectWebSocket()
    web.send('TextMsgRequest', { Message: 'hi' }, { ToUserId: 'bob' })
    await web.take(errorOf('sealing_required'), 'the reason')
    await web.ended()
  })

  await t.test('noise gets no word', async (t) => {
    const client = await server.connect()
    await client.take(ofType('PlatformKeyMessage'), 'the greeting')
    client.sendBytes(Buffer.from('GET / HTTP/1.1\r\n\r\n'))
    t.equal(await client.ended(), undefined)
    t.equal(client.messages.length, 1)
  })
})

t.test('an identity is rotated in a running server, and signs the next one', async (t) => {
  const server = await startTestServer(t, { users: ['amy'] })
  const before = await (await connectSealed(t, server)).offer()
  const waiting = await connectSealed(t, server)
  const pending = waiting.answer(await waiting.offer())
  const control = await connectControl(server.dataDir)
  if (control === undefined) throw new Error('there is no control socket')
  t.teardown(() => control.close())
  const shown = await control.call('keysRotate', {})
  t.match(shown, { rotations: [{ thumbprint: before.identityThumbprint }], suites: [1, 2] })
  t.same(await control.call('keysShow', {}), shown)
  const offer = await (await connectSealed(t, server)).offer()
  t.equal(offer.identityThumbprint, shown.identity)
  t.same(offer.olderIdentities, [before.identityThumbprint], 'a client with the old pin can follow')
  waiting.sendText(pending.terminalBody)
  await waiting.finish(pending)
  t.match(await waiting.prove('amy', { Password: password }), { Success: true }, 'who was under way goes on')
})

t.test('what clients pin is in the log', async (t) => {
  const server = await startTestServer(t, { users: ['amy'] })
  const line = await server.line('identity of this server, which clients pin')
  const client = await connectSealed(t, server)
  t.equal((await client.offer()).identityThumbprint, line.fields['thumbprint'])
})
