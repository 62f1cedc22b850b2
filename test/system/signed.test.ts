import t from 'tap'
import { connectControl } from '../../src/cli/control-client.ts'
import type { AcceptorCounters } from '../../src/mailbox/router-messages.ts'
import { readWeChatToken, signWeChat } from '../../src/security/wechat.ts'
import { until } from './support/deadline.ts'
import { bodyFor, enrolled, enter, keyNumber, say, signed, signedBySession, textTo } from './support/signing-people.ts'
import { startTestServer, type TestServer } from './support/test-server.ts'
import { ofType, textFrom } from './support/wire-client.ts'

/** How often each code was the answer to a frame, up to a second ago. */
async function refusedFrames(server: TestServer): Promise<Readonly<Record<string, number>>> {
  const control = await connectControl(server.dataDir)
  if (control === undefined) throw new Error('there is no control socket')
  try {
    const { acceptors } = await control.call('status', {})
    return (acceptors as readonly AcceptorCounters[])[0]?.refusedFrames ?? {}
  } finally {
    control.close()
  }
}

t.test('what is signed by an enrolled key arrives with its signature', async (t) => {
  const server = await startTestServer(t, { users: ['amy', 'bob'] })
  const amy = await enrolled(t, server, 'amy', keyNumber(0))
  const bob = await server.client('bob')
  const fields = textTo(amy, 'bob', '你好 "bob"\n')
  const sign = signed(amy, fields)
  t.match(await say(amy, fields, sign), { Success: true, Data: { Status: 'sent' } })
  const { envelope, content } = await bob.take(textFrom('amy'), 'the text')
  t.equal(content.Message, '你好 "bob"\n')
  t.same(envelope['Sign'], sign)
  t.equal(envelope.FromUserId, 'amy')
})

t.test('what is not right is refused, and the sender told', async (t) => {
  const server = await startTestServer(t, { users: ['amy', 'bob', 'mallory'] })
  const amy = await enrolled(t, server, 'amy', keyNumber(0))
  const mallory = await enrolled(t, server, 'mallory', keyNumber(1))
  const bob = await server.client('bob')
  const now = Math.floor(Date.now() / 1000)

  await t.test('a replay, by the sender and by somebody else', async (t) => {
    const fields = textTo(amy, 'bob', 'once')
    const sign = signed(amy, fields)
    t.match(await say(amy, fields, sign), { Success: true })
    // With its id it is known as sent before: the first answer comes again, and nothing goes to bob twice.
    t.match(await say(amy, fields, sign), { Success: true, Data: { Duplicate: true } })
    t.match(await say(mallory, fields, sign), { Success: false, Code: 'bad_signature' }, 'the key is not of mallory')
  })

  await t.test("another's FromUserId", async (t) => {
    const fields = textTo(amy, 'bob', 'I am amy')
    const forged = signed(mallory, fields, mallory.key)
    t.match(await say(mallory, fields, forged, { FromUserId: 'amy' }), { Success: false, Code: 'not_allowed' })
    t.match(await say(mallory, fields, forged), { Success: false, Code: 'bad_signature' }, 'signed as amy')
    t.match(await say(mallory, fields, signed(amy, fields)), { Success: false, Code: 'bad_signature' })
  })

  await t.test('a key that is not enrolled', async (t) => {
    const fields = textTo(amy, 'bob', 'stranger')
    t.match(await say(amy, fields, signed(amy, fields, keyNumber(2))), { Success: false, Code: 'bad_signature' })
  })

  await t.test('another text, receiver, id, time or type', async (t) => {
    const fields = textTo(amy, 'bob', 'pay 1')
    const sign = signed(amy, fields)
    for (const change of [
      { content: JSON.stringify({ Message: 'pay 1000' }) },
      { to: 'mallory' },
      { clientMsgId: 'another' },
      { createTime: now - 1 },
      { msgType: 'PayRequest' },
    ]) {
      t.match(
        await say(amy, { ...fields, ...change }, sign),
        { Success: false, Code: 'bad_signature' },
        JSON.stringify(change),
      )
    }
  })

  await t.test('too old, too new, or without what must be there', async (t) => {
    for (const createTime of [now - 400, now + 400]) {
      const fields = { ...textTo(amy, 'bob', 'late'), createTime }
      t.match(await say(amy, fields, signed(amy, fields)), { Success: false, Code: 'replayed' })
    }
    const fields = textTo(amy, 'bob', 'x')
    const sign = signed(amy, fields)
    t.match(await say(amy, { ...fields, clientMsgId: undefined }, sign), { Success: false, Code: 'bad_signature' })
    t.match(await say(amy, { ...fields, createTime: undefined }, sign), { Success: false, Code: 'bad_signature' })
  })

  await t.test('a Sign of another form', async (t) => {
    const fields = textTo(amy, 'bob', 'x')
    const sign = signed(amy, fields)
    for (const Sign of [
      {},
      'PS256',
      1,
      { ...sign, Alg: 'none' },
      { ...sign, Alg: 'RS256' },
      { ...sign, More: 1 },
      { ...sign, Signature: 'AAAA' },
    ]) {
      t.match(
        await say(amy, fields, undefined, { Sign }),
        { Success: false, Code: 'bad_signature' },
        JSON.stringify(Sign),
      )
    }
    const twice = JSON.stringify(sign).replace('{', `{"Key":"${mallory.key.thumbprint}",`)
    const body = bodyFor(fields, undefined, { CallbackID: 'twice' }).replace('{', `{"Sign":${twice},`)
    amy.client.sendBody(body)
    const { content } = await amy.client.take(({ envelope }) => envelope.CallbackID === 'twice', 'the answer')
    t.match(content, { Success: false, Code: 'bad_signature' })
  })

  await t.test('who asks for no answer is told in one message', async (t) => {
    const frames = [1, 2, 3].map((number) => {
      const fields = textTo(amy, 'bob', `silent ${number}`)
      return bodyFor({ ...fields, content: JSON.stringify({ Message: 'changed' }) }, signed(amy, fields))
    })
    amy.client.sendBodies(frames)
    const { content } = await amy.client.take(ofType('ErrorResponse'), 'the refusal')
    t.match(content, { Code: 'bad_signature', Detail: { ToUserId: 'bob', Count: 3 } })
  })

  await amy.client.settled()
  await bob.settled()
  const texts = bob.messages.filter(({ envelope }) => envelope.MsgType === 'TextMsgRequest')
  t.same(
    texts.map(({ content }) => content.Message),
    ['once'],
    'nothing of it has arrived',
  )
  const isCounted = async (): Promise<boolean> => {
    const { bad_signature: bad = 0, replayed = 0 } = await refusedFrames(server)
    return bad === 22 && replayed === 2
  }
  await until(isCounted, 'the counters')
})

t.test('a signed message that comes again on another connection is a replay', async (t) => {
  const server = await startTestServer(t, { users: ['amy', 'bob'] })
  const amy = await enrolled(t, server, 'amy', keyNumber(0))
  const bob = await server.client('bob')
  const fields = textTo(amy, 'bob', 'once')
  const sign = signed(amy, fields)
  t.match(await say(amy, fields, sign), { Success: true, Data: { Status: 'sent' } })
  const again = await enter(t, server, { user: 'amy', key: keyNumber(0) })
  t.match(await say(again, fields, sign), { Success: false, Code: 'replayed', Data: { Status: 'rejected' } })
  await bob.settled()
  t.equal(bob.messages.filter(({ envelope }) => envelope.MsgType === 'TextMsgRequest').length, 1)
})

t.test('signed and unsigned messages of a session arrive in their order', async (t) => {
  const server = await startTestServer(t, { users: ['amy', 'bob'], settings: { USER_MESSAGES_PER_SECOND: '0' } })
  const amy = await enrolled(t, server, 'amy', keyNumber(0))
  const bob = await server.client('bob')
  const count = 600
  let bodies: string[] = []
  for (let number = 0; number < count; number++) {
    const fields = textTo(amy, 'bob', `${number}`)
    const kind = number % 7
    const sign = kind < 2 ? signed(amy, fields) : kind === 3 ? signedBySession(amy, fields) : undefined
    bodies.push(bodyFor(fields, sign))
    if (bodies.length >= 1 + (number % 20)) {
      amy.client.sendBodies(bodies)
      bodies = []
    }
  }
  amy.client.sendBodies(bodies)
  const got: unknown[] = []
  while (got.length < count) got.push((await bob.take(textFrom('amy'), 'a text', 20_000)).content.Message)
  t.same(
    got,
    Array.from({ length: count }, (_, number) => `${number}`),
  )
})

t.test('more signed messages than may wait stop the reading of their session, and none is lost', async (t) => {
  const server = await startTestServer(t, { users: ['amy', 'bob'], settings: { USER_MESSAGES_PER_SECOND: '0' } })
  const amy = await enrolled(t, server, 'amy', keyNumber(0))
  const bob = await server.client('bob')
  const count = 60
  for (let number = 0; number < count; number++) {
    const fields = textTo(amy, 'bob', `${number} ${'x'.repeat(40_000)}`)
    amy.client.sendBodies([bodyFor(fields, signed(amy, fields))])
  }
  for (let number = 0; number < count; number++) {
    t.match((await bob.take(textFrom('amy'), 'a text', 20_000)).content.Message, new RegExp(`^${number} x`))
  }
})

t.test('HS256 counts in the sealed session whose key it is, and once', async (t) => {
  const server = await startTestServer(t, { users: ['amy', 'bob', 'carol'] })
  const amy = await enter(t, server, { user: 'amy', key: keyNumber(0) })
  const carol = await enter(t, server, { user: 'carol', key: keyNumber(1) })
  const bob = await server.client('bob')
  const fields = textTo(amy, 'bob', 'by the session')
  const sign = signedBySession(amy, fields)
  t.match(await say(amy, fields, sign), { Success: true })
  t.equal((await bob.take(textFrom('amy'), 'the text')).content.Message, 'by the session')
  t.match(await say(amy, fields, sign), { Success: false, Code: 'replayed' })
  t.match(await say(carol, fields, signedBySession(amy, fields)), { Success: false, Code: 'bad_signature' })
  const changed = { ...fields, content: JSON.stringify({ Message: 'changed' }) }
  t.match(await say(amy, changed, signedBySession(amy, fields)), { Success: false, Code: 'bad_signature' })
  const plain = await bob.request('TextMsgRequest', { Message: 'x' }, { ToUserId: 'amy', Sign: sign })
  t.match(plain.content, { Success: false, Code: 'bad_signature' })
})

t.test("WeChat's scheme is off, and where it is on it proves no more than the token", async (t) => {
  const token = readWeChatToken('weixin123')
  if (token === undefined) throw new Error('a token')
  const sign = (nonce: string): object => signWeChat(token, Math.floor(Date.now() / 1000), nonce)
  const without = await startTestServer(t, { users: ['amy'] })
  const old = await without.client('amy')
  const refused = await old.request('TextMsgRequest', { Message: 'x' }, { ToUserId: 'amy', Sign: sign('abc') })
  t.match(refused.content, { Success: false, Code: 'bad_signature' })

  const server = await startTestServer(t, { users: ['amy'], settings: { WECHAT_TOKEN: 'weixin123' } })
  const amy = await server.client('amy')
  const to = { ToUserId: 'amy', Sign: sign('abc') }
  t.match((await amy.request('TextMsgRequest', { Message: 'x' }, to)).content, { Success: true })
  t.match((await amy.request('TextMsgRequest', { Message: 'x' }, to)).content, { Success: false, Code: 'replayed' })
  const wrong = { ToUserId: 'amy', Sign: { ...sign('abd'), Nonce: 'abe' } }
  t.match((await amy.request('TextMsgRequest', { Message: 'x' }, wrong)).content, { Code: 'bad_signature' })
})

t.test('who must sign, and who must encrypt', async (t) => {
  const server = await startTestServer(t, { users: ['amy', 'bob'] })
  const amy = await enrolled(t, server, 'amy', keyNumber(0))
  const bob = await server.client('bob')
  const control = await connectControl(server.dataDir)
  if (control === undefined) throw new Error('there is no control socket')
  t.teardown(() => control.close())
  const plainText = async (): Promise<unknown> => (await amy.client.text('bob', 'unsigned')).Code ?? 'sent'

  t.equal(await plainText(), 'sent')
  t.equal(await plainText(), 'sent', 'its shape is learned')
  await control.call('setPolicies', { userId: 'amy', signedOnly: true })
  await until(async () => (await plainText()) === 'signature_required', 'the policy', 1000)
  const fields = textTo(amy, 'bob', 'signed')
  t.match(await say(amy, fields, signed(amy, fields)), { Success: true })
  const bySession = textTo(amy, 'bob', 'signed by the session')
  t.match(await say(amy, bySession, signedBySession(amy, bySession)), { Success: true })
  t.match(await amy.client.text('', 'x'), { Code: 'bad_envelope' }, 'what is for the server need not be')

  const again = await enter(t, server, { user: 'amy', key: keyNumber(0) })
  t.match(await again.client.text('bob', 'x'), { Code: 'signature_required' }, 'at the next login too')

  await control.call('setPolicies', { userId: 'amy', signedOnly: false, endToEnd: 'require' })
  await until(async () => (await again.client.text('bob', 'x')).Code === 'not_allowed', 'the policy', 1000)
  const sealed = { Jws: 'aaaa.bbbb.cccc' }
  const whole = { ToUserId: 'bob', ClientMsgId: 'e1', CreateTime: Math.floor(Date.now() / 1000) }
  const passed = await again.client.request('EndToEndMsgRequest', sealed, whole)
  t.match(passed.content, { Success: true })
  t.same((await bob.take(ofType('EndToEndMsgRequest'), 'what only bob can read')).content, sealed)
  const incomplete = await again.client.request('EndToEndMsgRequest', sealed, { ToUserId: 'bob' })
  t.match(incomplete.content, { Code: 'bad_envelope' })
  const noJws = await again.client.request('EndToEndMsgRequest', { Jws: 'a.b' }, whole)
  t.match(noJws.content, { Code: 'bad_content' })

  await control.call('setPolicies', { userId: 'amy', endToEnd: 'refuse' })
  await until(async () => (await again.client.text('bob', 'x')).Success === true, 'the policy', 1000)
  const unwanted = await again.client.request('EndToEndMsgRequest', sealed, whole)
  t.match(unwanted.content, { Code: 'not_allowed' })
})

t.test('a listener that requires signatures takes unsigned messages to users of nobody', async (t) => {
  const settings = { MIN_SECURITY: 'signed', WECHAT_TOKEN: 'weixin123' }
  const server = await startTestServer(t, { users: ['amy', 'bob'], operators: ['op'], settings })
  const amy = await enrolled(t, server, 'amy', keyNumber(0))
  const bob = await enter(t, server, { user: 'bob', key: keyNumber(1) })
  t.match(await amy.client.text('bob', 'x'), { Code: 'signature_required' })
  const fields = textTo(amy, 'bob', 'signed')
  t.match(await say(amy, fields, signed(amy, fields)), { Success: true })
  t.equal((await bob.client.take(textFrom('amy'), 'the text')).content.Message, 'signed')
  const token = readWeChatToken('weixin123')
  if (token === undefined) throw new Error('a token')
  const weChat = signWeChat(token, Math.floor(Date.now() / 1000), 'abc')
  const uncovered = await amy.client.request('TextMsgRequest', { Message: 'x' }, { ToUserId: 'bob', Sign: weChat })
  t.match(uncovered.content, { Code: 'signature_required' })

  const op = await enrolled(t, server, 'op', keyNumber(2))
  t.match((await op.client.request('BroadcastRequest', { Message: 'x' })).content, { Code: 'signature_required' })
  const toAll = { ...textTo(op, '', 'to all'), msgType: 'BroadcastRequest' }
  t.match(await say(op, toAll, signed(op, toAll)), { Success: true, Data: { Receivers: 2 } })
  t.equal((await bob.client.take(ofType('BroadcastRequest'), 'the broadcast')).content.Message, 'to all')
  t.match(await say(op, toAll, signed(op, toAll)), { Code: 'replayed' })
})
