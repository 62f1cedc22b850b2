import t from 'tap'
import { until } from './support/deadline.ts'
import { password, startTestServer } from './support/test-server.ts'
import { bodyOf, type Received, type WireClient } from './support/wire-client.ts'

const users = ['amy', 'bob', 'away', 'victim', 'banned', 'carol']

/** A request, and what answers it: the type, and the code or `ok`. */
type Row = readonly [type: string, content: unknown, fields: object, answerType: string, outcome: string]

const toUser = { ToUserId: 'bob' }
const rows: readonly Row[] = [
  ['TextMsgRequest', { Message: 'x' }, toUser, 'CommonResponse', 'ok'],
  ['TextMsgRequest', { Message: 'x' }, { ToUserId: 'away' }, 'CommonResponse', 'ok'],
  ['TextMsgRequest', { Message: 'x' }, { ToUserId: 'nobody' }, 'CommonResponse', 'user_unknown'],
  ['TextMsgRequest', { Message: 5 }, toUser, 'CommonResponse', 'bad_content'],
  ['TextMsgRequest', { Message: 'x' }, { ...toUser, FromUserId: 'carol' }, 'CommonResponse', 'not_allowed'],
  ['TextMsgRequest', { Message: 'x' }, {}, 'ErrorResponse', 'bad_envelope'],
  ['Own', [1], toUser, 'CommonResponse', 'ok'],
  ['Own', [1], {}, 'ErrorResponse', 'unknown_type'],
  ['__proto__', [1], {}, 'ErrorResponse', 'unknown_type'],
  ['CommonRequest', {}, toUser, 'CommonResponse', 'ok'],
  ['HeartbeatRequest', {}, toUser, 'CommonResponse', 'ok'],
  ['CommonResponse', { Success: true }, toUser, 'CommonResponse', 'not_allowed'],
  ['BroadcastRequest', { Message: 'x' }, toUser, 'CommonResponse', 'not_allowed'],
  ['UserListRequest', {}, {}, 'UserListResponse', 'ok'],
  ['UserListRequest', { Data: { Limit: 'x' } }, {}, 'UserListResponse', 'bad_content'],
  ['UserListRequest', {}, { FromUserId: 'carol' }, 'UserListResponse', 'not_allowed'],
  ['UserListRequest', {}, { Seq: 1 }, 'UserListResponse', 'not_allowed'],
  ['HeartbeatRequest', {}, {}, 'HeartbeatResponse', 'ok'],
  ['HeartbeatRequest', [], {}, 'ErrorResponse', 'bad_content'],
  ['CommonRequest', { Command: 'presence' }, {}, 'CommonResponse', 'ok'],
  ['CommonRequest', { Command: 'presence', Data: { On: false } }, {}, 'CommonResponse', 'ok'],
  ['CommonRequest', { Command: 'presence', Data: { On: 'x' } }, {}, 'CommonResponse', 'bad_content'],
  ['CommonRequest', { Command: 'dance' }, {}, 'CommonResponse', 'not_supported'],
  ['CommonRequest', {}, {}, 'CommonResponse', 'not_supported'],
  ['CommonRequest', { Command: 5 }, {}, 'CommonResponse', 'bad_content'],
  ['AckRequest', { Epoch: 'e', Seq: 1 }, {}, 'CommonResponse', 'ok'],
  ['AckRequest', {}, {}, 'CommonResponse', 'bad_content'],
  ['PasswordRequest', { OldPassword: 'wrong', NewPassword: password }, {}, 'CommonResponse', 'auth_failed'],
  ['PasswordRequest', { OldPassword: password, NewPassword: 'short' }, {}, 'CommonResponse', 'bad_content'],
  ['PasswordRequest', {}, {}, 'CommonResponse', 'bad_content'],
  ['AuthRequest', { UserId: 'amy', Password: password }, {}, 'AuthResponse', 'not_allowed'],
  ['PlatformKeyRequest', {}, {}, 'ErrorResponse', 'not_allowed'],
  ['TerminalKeyMessage', {}, {}, 'ErrorResponse', 'not_allowed'],
  ['AuthResponse', {}, {}, 'ErrorResponse', 'not_allowed'],
  ['ErrorResponse', {}, {}, 'ErrorResponse', 'not_allowed'],
]

const forOperators: readonly Row[] = [
  ['BroadcastRequest', { Message: 'x' }, {}, 'CommonResponse', 'ok'],
  ['BroadcastRequest', { Message: 5 }, {}, 'CommonResponse', 'bad_content'],
  ['KickRequest', { UserId: 'victim' }, {}, 'CommonResponse', 'ok'],
  ['KickRequest', { UserId: 'away' }, {}, 'CommonResponse', 'user_offline'],
  ['KickRequest', { UserId: 'nobody' }, {}, 'CommonResponse', 'user_unknown'],
  ['KickRequest', { UserId: 'banned', BanSeconds: 9 }, {}, 'CommonResponse', 'ok'],
  ['KickRequest', { UserId: 'nobody', BanSeconds: 9 }, {}, 'CommonResponse', 'user_unknown'],
  ['KickRequest', { UserId: 'banned', BanSeconds: -1 }, {}, 'CommonResponse', 'bad_content'],
  ['KickRequest', {}, {}, 'CommonResponse', 'bad_content'],
]

const asOthers: readonly Row[] = [
  ['BroadcastRequest', { Message: 'x' }, {}, 'CommonResponse', 'not_allowed'],
  ['KickRequest', { UserId: 'bob' }, {}, 'CommonResponse', 'not_allowed'],
]

const beforeLogin: readonly Row[] = [
  ['TextMsgRequest', { Message: 'x' }, toUser, 'CommonResponse', 'auth_required'],
  ['UserListRequest', {}, {}, 'UserListResponse', 'auth_required'],
  ['HeartbeatRequest', {}, {}, 'ErrorResponse', 'auth_required'],
  ['CommonRequest', {}, {}, 'CommonResponse', 'auth_required'],
  ['Own', {}, {}, 'ErrorResponse', 'auth_required'],
  ['AuthRequest', { UserId: 'amy' }, {}, 'AuthResponse', 'bad_content'],
  ['AuthRequest', { UserId: 'a b', Password: 'x' }, {}, 'AuthResponse', 'bad_content'],
  ['AuthRequest', { UserId: 'amy', Password: 'x', Token: 'x' }, {}, 'AuthResponse', 'bad_content'],
  ['AuthRequest', { UserId: 'amy', Password: 'x' }, { FromUserId: 'bob' }, 'AuthResponse', 'not_allowed'],
  ['AuthRequest', { UserId: 'amy', Password: 'wrong' }, {}, 'AuthResponse', 'auth_failed'],
  ['AuthRequest', { UserId: 'nobody', Token: 'wrong' }, {}, 'AuthResponse', 'auth_failed'],
  ['AuthRequest', { UserId: 'amy', Password: password, Register: true }, {}, 'AuthResponse', 'not_allowed'],
  ['AuthRequest', { UserId: 'amy', Password: password, Resume: { Epoch: 'e', Seq: 1 } }, {}, 'AuthResponse', 'ok'],
]

/** Sends all rows at once, several times, and finds one answer for each. */
async function expectOneAnswerEach(t: Tap, client: WireClient, rows: readonly Row[], times: number): Promise<void> {
  const before = client.messages.length
  for (let time = 0; time < times; time++) {
    for (const [index, [type, content, fields]] of rows.entries()) {
      client.sendBody(bodyOf(type, content, { ...fields, CallbackID: `${index}.${time}` }))
    }
  }
  const isAnswer = ({ envelope }: Received): boolean =>
    envelope.FromUserId === undefined && /^\d+\.\d+$/.test(envelope.CallbackID ?? '')
  const came = (): Received[] => client.messages.slice(before).filter(isAnswer)
  await until(() => came().length >= rows.length * times, 'an answer for each').catch(() => {})
  // Whatever would come twice is here after that.
  if (client.user !== '') await client.settled()
  const answers = new Map<string, string[]>()
  for (const { envelope, content } of came()) {
    const id = envelope.CallbackID ?? ''
    answers.set(id, [...(answers.get(id) ?? []), `${envelope.MsgType} ${content.Code ?? 'ok'}`])
  }
  for (let time = 0; time < times; time++) {
    for (const [index, [type, content, , answerType, outcome]] of rows.entries()) {
      const name = `${type} ${JSON.stringify(content)}`
      t.strictSame(answers.get(`${index}.${time}`), [`${answerType} ${outcome}`], name)
    }
  }
}

t.test('each CallbackID gets exactly one answer, of its type', async (t) => {
  // Wrong passwords are slowed down, so some answers take a while.
  const server = await startTestServer(t, { users, settings: { USER_MESSAGES_PER_SECOND: '0' } })
  const bob = await server.client('bob')

  await t.test('requests of a user', async (t) => {
    for (const connect of [() => server.client('amy'), () => server.webSocketClient('amy')]) {
      const client = await connect()
      const quick = rows.filter(([type]) => type !== 'PasswordRequest')
      await expectOneAnswerEach(t, client, quick, 3)
      // One at a time: of two at once the second is refused.
      for (const row of rows) if (row[0] === 'PasswordRequest') await oneByOne(t, client, row)
      await expectOneAnswerEach(t, client, asOthers, 1)
      client.destroy()
    }
  })

  await t.test('requests of an operator', async (t) => {
    const op = await server.client('op')
    const victims = [await server.client('victim'), await server.client('banned')]
    await expectOneAnswerEach(t, op, forOperators, 1)
    for (const victim of victims) t.equal(await victim.ended(), 'kicked')
    op.destroy()
  })

  await t.test('requests before the login', async (t) => {
    const client = await server.connect()
    await expectOneAnswerEach(t, client, beforeLogin, 1)
    client.destroy()
  })

  await t.test('a message to one who is gone before it is written is answered', async (t) => {
    const amy = await server.client('amy')
    const carol = await server.client('carol')
    const count = 200
    for (let index = 0; index < count; index++) {
      if (index === count / 2) carol.destroy()
      amy.send('TextMsgRequest', { Message: 'x'.repeat(1000) }, { ToUserId: 'carol', CallbackID: `gone${index}` })
      if (index % 20 === 0) await new Promise(setImmediate)
    }
    await amy.settled()
    for (let index = 0; index < count; index++) {
      await amy.take(({ envelope }) => envelope.CallbackID === `gone${index}`, `the answer for ${index}`)
    }
    await amy.settled()
    const answers = amy.messages.filter(({ envelope }) => envelope.CallbackID?.startsWith('gone'))
    t.equal(answers.length, count)
  })

  await t.test('an envelope that is refused keeps its CallbackID, if that is clear', async (t) => {
    bob.sendBody('{"MsgType":"HeartbeatRequest","msgtype":"x","CallbackID":"clear"}')
    const answer = await bob.take(({ envelope }) => envelope.CallbackID === 'clear', 'the answer')
    t.match(answer.content, { Code: 'bad_envelope' })
    await bob.settled()
    t.equal(bob.messages.filter(({ envelope }) => envelope.CallbackID === 'clear').length, 1)
  })

  t.same(server.faults(), [])
})

async function oneByOne(t: Tap, client: WireClient, row: Row): Promise<void> {
  const [type, content, fields, answerType, outcome] = row
  const answer = await client.request(type, content, fields)
  t.equal(`${answer.envelope.MsgType} ${answer.content.Code ?? 'ok'}`, `${answerType} ${outcome}`)
}

type Tap = import('tap').Test
