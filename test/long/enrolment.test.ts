import t from 'tap'
import { connectControl } from '../../src/cli/control-client.ts'
import { signApproval } from '../../src/security/enrolment.ts'
import { verifyKeyLog } from '../../src/security/key-log.ts'
import {
  enrolled,
  enrolment,
  enter,
  keyNumber,
  type Person,
  say,
  signed,
  textTo,
} from '../system/support/signing-people.ts'
import { startTestServer, type Test, type TestServer } from '../system/support/test-server.ts'
import { type Content, errorOf, ofType } from '../system/support/wire-client.ts'

async function enrol(person: Person, options: Parameters<typeof enrolment>[2] = {}): Promise<Content> {
  return (await person.client.request('EnrolKeyRequest', enrolment(person, 'device', options))).content
}

async function connect(t: Test, server: TestServer): Promise<NonNullable<Awaited<ReturnType<typeof connectControl>>>> {
  const control = await connectControl(server.dataDir)
  if (control === undefined) throw new Error('there is no control socket')
  t.teardown(() => control.close())
  return control
}

async function keyEvent(person: Person): Promise<Content> {
  return (await person.client.take(ofType('KeyEvent'), 'a notice')).content
}

const multi = { SESSION_POLICY: 'multi' }

t.test('the first key is enrolled at once, and only by whoever has it', async (t) => {
  const server = await startTestServer(t, { users: ['amy', 'bob'] })
  const amy = await enter(t, server, { user: 'amy', key: keyNumber(0) })
  const right = enrolment(amy, 'laptop') as { Key: object; Signature: string }
  const wrong: readonly [object, string][] = [
    [{ ...right, DeviceId: 'phone' }, 'bad_signature'],
    [{ ...right, Key: keyNumber(1).publicJwk }, 'bad_signature'],
    [{ ...right, Signature: 'AAAA' }, 'bad_signature'],
    [enrolment({ ...amy, user: 'bob' }, 'laptop'), 'bad_signature'],
    [enrolment({ ...amy, offer: { ...amy.offer, nonce: 'A'.repeat(43) } }, 'laptop'), 'bad_signature'],
    [enrolment({ ...amy, offer: { ...amy.offer, identityThumbprint: 'A'.repeat(43) } }, 'laptop'), 'bad_signature'],
    [{ ...right, Key: { ...right.Key, e: 'AQ' } }, 'bad_content'],
    [{ ...right, Key: { ...right.Key, d: 'AQ' } }, 'bad_content'],
    [{ ...right, Key: { kty: 'RSA', n: 'AQAB', e: 'AQAB' } }, 'bad_content'],
    [{ ...right, Signature: undefined }, 'bad_content'],
    [{ ...right, Approval: { Key: keyNumber(1).thumbprint, Signature: 'AAAA' } }, 'not_allowed'],
  ]
  for (const [content, code] of wrong) {
    const answer = await amy.client.request('EnrolKeyRequest', content)
    t.match(answer.content, { Success: false, Code: code }, JSON.stringify(content).slice(0, 80))
  }
  const { thumbprint } = amy.key
  const answer = await amy.client.request('EnrolKeyRequest', right)
  t.match(answer.content, { Success: true, Data: { Thumbprint: thumbprint, Status: 'enrolled' } })
  t.match(await enrol(amy), { Success: true }, 'asking again changes nothing')
  const keys = await (await connect(t, server)).call('listKeys', { userId: 'amy' })
  t.match(keys, [{ thumbprint, deviceId: 'laptop', approvedBy: 'first' }])
  t.equal(keys.length, 1)
})

t.test('keys are for sealed sessions', async (t) => {
  const server = await startTestServer(t, { users: ['amy'] })
  const plain = await server.client('amy')
  const nobody = 'A'.repeat(43)
  for (const [type, content, answer] of [
    ['EnrolKeyRequest', { Key: keyNumber(0).publicJwk, DeviceId: 'd', Signature: 'AA' }, 'CommonResponse'],
    ['ApproveKeyRequest', { Thumbprint: nobody, Key: nobody, Signature: 'AA' }, 'CommonResponse'],
    ['RevokeKeyRequest', { Thumbprint: nobody }, 'CommonResponse'],
    ['KeyDirectoryRequest', { UserId: 'amy' }, 'KeyDirectoryResponse'],
  ] as const) {
    const { envelope, content: got } = await plain.request(type, content)
    t.equal(envelope.MsgType, answer)
    t.match(got, { Success: false, Code: 'sealing_required' })
  }
})

t.test('a further key needs the word of one that is enrolled', async (t) => {
  const server = await startTestServer(t, { users: ['amy', 'bob'], settings: multi })
  const laptop = await enrolled(t, server, 'amy', keyNumber(0))
  const phone = await enter(t, server, { user: 'amy', key: keyNumber(1) })
  const { thumbprint } = phone.key

  t.match(await enrol(phone), { Success: false, Code: 'approval_required' })
  t.match(await keyEvent(laptop), { Kind: 'requested', UserId: 'amy', DeviceId: 'device', Thumbprint: thumbprint })
  const text = textTo(phone, 'bob', 'too early')
  t.match(await say(phone, text, signed(phone, text)), { Code: 'bad_signature' })

  const claim = { userId: 'amy', deviceId: 'device', serverThumbprint: laptop.offer.identityThumbprint, thumbprint }
  const approve = async (key: { thumbprint: string; privateKey: typeof laptop.key.privateKey }, changed = claim) => {
    const Signature = signApproval(key.privateKey, changed)
    return await laptop.client.request('ApproveKeyRequest', { Thumbprint: thumbprint, Key: key.thumbprint, Signature })
  }
  t.match((await approve(phone.key)).content, { Code: 'not_allowed' }, 'not the new key itself')
  const liar = { thumbprint: laptop.key.thumbprint, privateKey: keyNumber(2).privateKey }
  t.match((await approve(liar)).content, { Code: 'bad_signature' })
  t.match((await approve(laptop.key, { ...claim, deviceId: 'other' })).content, { Code: 'bad_signature' })
  t.match((await approve(laptop.key)).content, { Success: true, Data: { Thumbprint: thumbprint } })
  t.match(await keyEvent(phone), { Kind: 'enrolled', Thumbprint: thumbprint })
  t.match((await approve(laptop.key)).content, { Code: 'not_allowed' }, 'nothing waits any more')
  const fields = textTo(phone, 'amy', 'now it counts')
  t.match(await say(phone, fields, signed(phone, fields)), { Success: true })

  const tablet = await enter(t, server, { user: 'bob', key: keyNumber(2) })
  t.match(await enrol(tablet, { approver: laptop.key }), { Code: 'not_allowed' }, "not with another user's key")
  laptop.client.destroy()
  phone.client.destroy()
  const third = await enter(t, server, { user: 'amy', key: keyNumber(2) })
  t.match(await enrol(third, { approver: phone.key }), { Success: true }, 'with the approval in the same request')
})

t.test('an operator may say it too', async (t) => {
  const server = await startTestServer(t, { users: ['amy'] })
  await enrolled(t, server, 'amy', keyNumber(0))
  const phone = await enter(t, server, { user: 'amy', key: keyNumber(1) })
  const control = await connect(t, server)
  const { thumbprint } = phone.key
  const take = { userId: 'amy', thumbprint }
  await t.rejects(control.call('approveKey', take), { code: 'not_allowed' })
  t.match(await enrol(phone), { Code: 'approval_required' })
  t.match(await control.call('pendingKeys', { userId: 'amy' }), [{ thumbprint, deviceId: 'device' }])

  const laptop = await enter(t, server, { user: 'amy', key: keyNumber(0) })
  t.match(await keyEvent(laptop), { Kind: 'requested', Thumbprint: thumbprint }, 'told at the next login')
  await control.call('approveKey', take)
  t.match(await keyEvent(laptop), { Kind: 'enrolled', Thumbprint: thumbprint })
  t.same(await control.call('pendingKeys', { userId: 'amy' }), [])
  t.match(await control.call('listKeys', { userId: 'amy' }), [{}, { thumbprint, approvedBy: 'operator' }])
  await server.line('keyEnrolled', ({ fields }) => fields['detail'] === thumbprint)
})

t.test('few keys wait for approval', async (t) => {
  const server = await startTestServer(t, { users: ['amy'] })
  const amy = await enrolled(t, server, 'amy', keyNumber(0))
  for (let index = 1; index <= 4; index++) {
    t.match(await enrol(amy, { key: keyNumber(index) }), { Code: 'approval_required' })
  }
  t.match(await enrol(amy, { key: keyNumber(5) }), { Code: 'server_busy' })
  t.match(await enrol(amy, { key: keyNumber(4) }), { Code: 'approval_required' }, 'one of them again')
})

t.test('a revoked key ends its sessions, tokens and tickets, and never comes back', async (t) => {
  const server = await startTestServer(t, { users: ['amy', 'bob'], settings: multi })
  const laptop = await enrolled(t, server, 'amy', keyNumber(0))
  const phone = await enter(t, server, { user: 'amy', key: keyNumber(1) })
  t.match(await enrol(phone, { approver: laptop.key }), { Success: true })
  t.match(await keyEvent(laptop), { Kind: 'enrolled' })
  const byToken = await enter(t, server, { user: 'amy', key: keyNumber(2), secret: { Token: phone.welcome.Token } })
  const plainByToken = await server.connect()
  await plainByToken.login('amy', { Token: phone.welcome.Token as string })
  const ticketOfToken = byToken.client.ticketOf(byToken.welcome)
  const byTicket = await enter(t, server, { user: 'amy', key: keyNumber(2), ticket: ticketOfToken, secret: {} })
  const tokens = [phone.welcome.Token, byToken.welcome.Token, byTicket.welcome.Token]
  const tickets = [phone, byToken, byTicket].map(({ client, welcome }) => client.ticketOf(welcome))

  const { thumbprint } = phone.key
  const unknown = await laptop.client.request('RevokeKeyRequest', { Thumbprint: keyNumber(3).thumbprint })
  t.match(unknown.content, { Success: false, Code: 'not_allowed' })
  const revoked = await laptop.client.request('RevokeKeyRequest', { Thumbprint: thumbprint })
  t.match(revoked.content, { Success: true, Data: { Thumbprint: thumbprint, Status: 'revoked' } })
  for (const { client } of [phone, byToken, byTicket]) t.equal(await client.ended(), 'key_revoked')
  t.equal(await plainByToken.ended(), 'key_revoked', 'whoever came by its token goes with it')
  t.notOk(laptop.client.isEnded())

  for (const Token of tokens) {
    const late = await enter(t, server, { user: 'amy', key: keyNumber(4), secret: { Token }, mayFail: true })
    t.match(late.welcome, { Success: false, Code: 'auth_failed' })
  }
  for (const ticket of tickets) {
    const resumed = await enter(t, server, { user: 'amy', key: phone.key, ticket, secret: {}, mayFail: true })
    t.match(resumed.welcome, { Success: false, Code: 'auth_failed' }, 'also a ticket that came by a token of the key')
  }
  const again = await enter(t, server, { user: 'amy', key: phone.key, mayFail: true })
  t.match(again.welcome, { Success: false, Code: 'key_revoked' }, 'the password does not help this key')
  const fields = textTo(laptop, 'bob', 'stolen')
  t.match(await say(laptop, fields, signed(laptop, fields, phone.key)), { Code: 'bad_signature' })
  t.match(await enrol(laptop, { key: phone.key, approver: laptop.key }), { Code: 'not_allowed' })

  const control = await connect(t, server)
  const bob = await enter(t, server, { user: 'bob', key: phone.key })
  t.match(await enrol(bob), { Success: true }, "another user's key is another thing")
  await control.call('revokeKey', { userId: 'bob', thumbprint, by: 'operator' })
  t.equal(await bob.client.ended(), 'key_revoked')
})

t.test('who has lost all devices begins anew when an operator says so', async (t) => {
  const server = await startTestServer(t, { users: ['amy'] })
  const laptop = await enrolled(t, server, 'amy', keyNumber(0))
  const control = await connect(t, server)
  await control.call('revokeKey', { userId: 'amy', thumbprint: laptop.key.thumbprint, by: 'operator' })
  const phone = await enter(t, server, { user: 'amy', key: keyNumber(1) })
  t.match(await enrol(phone), { Code: 'approval_required' })
  t.same(await control.call('resetKeys', { userId: 'amy' }), [])
  t.match(await enrol(phone), { Success: true })
  t.match(await enrol(phone, { key: keyNumber(2) }), { Code: 'approval_required' }, 'once')
})

t.test('the directory is a chained log that a client can check', async (t) => {
  const server = await startTestServer(t, { users: ['amy', 'bob'], settings: multi })
  const amy = await enrolled(t, server, 'amy', keyNumber(0))
  const phone = await enter(t, server, { user: 'amy', key: keyNumber(1) })
  t.match(await enrol(phone, { approver: amy.key }), { Success: true })
  await (await connect(t, server)).call('revokeKey', { userId: 'amy', thumbprint: amy.key.thumbprint, by: 'operator' })
  t.equal(await amy.client.ended(), 'key_revoked')
  const bob = await enter(t, server, { user: 'bob', key: keyNumber(3) })
  const read = async (content: object): Promise<Content> =>
    (await bob.client.request('KeyDirectoryRequest', content)).content

  const page = await read({ UserId: 'amy' })
  t.match(page, { Success: true, UserId: 'amy', More: false })
  const entries = page['Entries'] as readonly object[]
  t.match(entries, [
    { Index: 0, Kind: 'enrol', Thumbprint: amy.key.thumbprint, ApprovedBy: 'first' },
    { Index: 1, Kind: 'enrol', Thumbprint: phone.key.thumbprint, ApprovedBy: amy.key.thumbprint },
    { Index: 2, Kind: 'revoke', Thumbprint: amy.key.thumbprint, ApprovedBy: 'operator' },
  ])
  const log = verifyKeyLog('amy', entries)
  if ('problem' in log) throw new Error(log.problem)
  t.same([...log.log.keys.keys()], [phone.key.thumbprint])
  t.same((await read({ UserId: 'amy', After: 1 }))['Entries'], entries.slice(2))
  t.match(await read({ UserId: 'bob' }), { Success: true, Entries: [], More: false })
  t.match(await read({ UserId: 'nobody' }), { Success: false, Code: 'user_unknown', Entries: [] })
})

t.test('a removed account leaves no key behind that counts, and its log goes on', async (t) => {
  const server = await startTestServer(t, { users: ['amy', 'bob'] })
  const amy = await enrolled(t, server, 'amy', keyNumber(0))
  const control = await connect(t, server)
  await control.call('removeAccount', { userId: 'amy' })
  t.equal(await amy.client.ended(), 'account_changed')
  const bob = await enter(t, server, { user: 'bob', key: keyNumber(1) })
  const gone = await bob.client.request('KeyDirectoryRequest', { UserId: 'amy' })
  t.match(gone.content, { Code: 'user_unknown' })
  bob.client.send('KeyDirectoryRequest', { UserId: 'amy' })
  await bob.client.take(errorOf('user_unknown'), 'also without being asked for an answer')
})
