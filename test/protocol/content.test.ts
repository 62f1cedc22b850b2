/** The table of entities: each schema with what it takes and what it refuses. */
import t from 'tap'
import { contentLimits, readContent } from '../../src/protocol/content.ts'
import { historyLimitMax } from '../../src/protocol/entities/history.ts'
import { entities } from '../../src/protocol/entities/index.ts'
import { banSecondsMax } from '../../src/protocol/entities/operator.ts'
import { passwordLengthMax, passwordLengthMin } from '../../src/protocol/entities/password.ts'
import { userListLimitDefault, userListLimitMax } from '../../src/protocol/entities/user-list.ts'

/** The sentence that refuses a content, or undefined. */
function problemOf(type: string, content: unknown): string | undefined {
  const read = readContent(type, typeof content === 'string' ? content : JSON.stringify(content))
  if (!('fault' in read)) return undefined
  if (read.fault.code !== 'bad_content') throw new Error(read.fault.code)
  return read.fault.message
}

const text = (length: number): string => 'x'.repeat(length)
const resume = { Epoch: 'e', Seq: 1 }
const thumbprint = text(43)
const key = { kty: 'RSA', n: 'n', e: 'AQAB' }

/** What each entity takes, and what it refuses with the field that the sentence must name. */
const examples: Readonly<Record<string, { good: readonly unknown[]; bad: readonly (readonly [unknown, string])[] }>> = {
  AuthRequest: {
    good: [
      { UserId: 'alice', Password: 'secret' },
      { UserId: 'alice', Token: 't' },
      {
        UserId: 'a',
        Password: 'p',
        DeviceId: 'd',
        Client: 'c/1',
        Version: 1,
        Ack: true,
        Resume: resume,
        Register: false,
      },
      { UserId: text(128), Password: text(1024), DeviceId: text(64), Client: text(128) },
      { UserId: '😀'.repeat(64), Password: '😀'.repeat(512) },
      { UserId: 'alice', Password: 'secret', Unknown: [1] },
    ],
    bad: [
      [{}, 'UserId'],
      [{ UserId: 1 }, 'UserId'],
      [{ UserId: '' }, 'UserId'],
      [{ UserId: text(129) }, 'UserId'],
      [{ UserId: 'a', Password: 1 }, 'Password'],
      [{ UserId: 'a', Password: '' }, 'Password'],
      [{ UserId: 'a', Password: text(1025) }, 'Password'],
      [{ UserId: 'a', Password: `e${'\u0301'.repeat(5000)}` }, 'Password'],
      [{ UserId: 'a', Token: null }, 'Token'],
      [{ UserId: 'a', Token: text(1025) }, 'Token'],
      [{ UserId: 'a', DeviceId: '' }, 'DeviceId'],
      [{ UserId: 'a', DeviceId: text(65) }, 'DeviceId'],
      [{ UserId: 'a', Client: text(129) }, 'Client'],
      [{ UserId: 'a', Version: 2 }, 'Version'],
      [{ UserId: 'a', Version: '1' }, 'Version'],
      [{ UserId: 'a', Ack: 1 }, 'Ack'],
      [{ UserId: 'a', Register: 'yes' }, 'Register'],
      [{ UserId: 'a', Resume: {} }, 'Resume'],
      [{ UserId: 'a', Resume: { Epoch: 'e', Seq: -1 } }, 'Resume.Seq'],
      [{ UserId: 'a', Resume: { Epoch: 1, Seq: 1 } }, 'Resume.Epoch'],
      [{ __proto__: null, 'UserId.x': 'a' }, 'UserId'],
      ['{"__proto__":{"UserId":"a"}}', 'UserId'],
    ],
  },
  AuthResponse: {
    good: [
      { Success: true, UserId: 'a', SessionId: 's', Role: 'user', Token: 't', TokenExpires: 1, Version: 1 },
      { Success: true, Recovered: false, Epoch: 'e', Seq: 0, Missing: 3 },
      { Success: false, Code: 'auth_failed', Message: 'No.', RetryAfter: 0.5 },
    ],
    bad: [
      [{}, 'Success'],
      [{ Success: 'true' }, 'Success'],
      [{ Success: true, TokenExpires: '1' }, 'TokenExpires'],
    ],
  },
  TextMsgRequest: {
    good: [{ Message: '' }, { Message: '😀\u0000' }, { Message: 'x', More: 1 }],
    bad: [
      [{}, 'Message'],
      [{ Message: 1 }, 'Message'],
      [{ Message: null }, 'Message'],
      [{ message: 'x' }, 'Message'],
      ['{"__proto__":{"Message":"x"}}', 'Message'],
    ],
  },
  CommonRequest: {
    good: [{}, { Command: 'presence', Data: { On: true } }, { Data: null }, { Data: [1, 'x'] }, { Command: text(64) }],
    bad: [
      [{ Command: 1 }, 'Command'],
      [{ Command: text(65) }, 'Command'],
    ],
  },
  CommonResponse: {
    good: [{ Success: true }, { Success: false, Code: 'c', Message: 'm', Data: { Status: 'rejected' } }],
    bad: [
      [{}, 'Success'],
      [{ Success: 1 }, 'Success'],
      [{ Success: true, Code: 1 }, 'Code'],
    ],
  },
  AckRequest: {
    good: [resume, { Epoch: text(64), Seq: 2 ** 53 - 1 }, { Epoch: '', Seq: 0 }],
    bad: [
      [{ Seq: 1 }, 'Epoch'],
      [{ Epoch: 'e' }, 'Seq'],
      [{ Epoch: 'e', Seq: -1 }, 'Seq'],
      [{ Epoch: 'e', Seq: 1.5 }, 'Seq'],
      [{ Epoch: 'e', Seq: 2 ** 53 }, 'Seq'],
      [{ Epoch: text(65), Seq: 1 }, 'Epoch'],
    ],
  },
  PasswordRequest: {
    good: [
      { OldPassword: 'x', NewPassword: text(passwordLengthMin) },
      { OldPassword: text(1024), NewPassword: text(passwordLengthMax) },
    ],
    bad: [
      [{ NewPassword: text(8) }, 'OldPassword'],
      [{ OldPassword: 'x' }, 'NewPassword'],
      [{ OldPassword: 'x', NewPassword: text(passwordLengthMin - 1) }, 'NewPassword'],
      [{ OldPassword: 'x', NewPassword: text(passwordLengthMax + 1) }, 'NewPassword'],
      [{ OldPassword: '', NewPassword: text(8) }, 'OldPassword'],
    ],
  },
  UserListRequest: {
    good: [
      {},
      { Data: {} },
      { Data: { Prefix: '', After: 'x', Limit: 1 } },
      { Data: { Limit: userListLimitMax } },
      { Data: { Limit: userListLimitDefault } },
    ],
    bad: [
      [{ Data: null }, 'Data'],
      [{ Data: { Limit: 0 } }, 'Data.Limit'],
      [{ Data: { Limit: userListLimitMax + 1 } }, 'Data.Limit'],
      [{ Data: { Limit: '1' } }, 'Data.Limit'],
      [{ Data: { Prefix: 1 } }, 'Data.Prefix'],
      [{ Data: { After: text(129) } }, 'Data.After'],
    ],
  },
  UserListResponse: {
    good: [
      { Items: [], Total: 0 },
      { Items: [{ Text: 'a', Value: 'a' }], Total: 1, After: 'a', Success: true },
    ],
    bad: [
      [{ Total: 0 }, 'Items'],
      [{ Items: [{ Text: 'a' }], Total: 1 }, 'Value'],
      [{ Items: [] }, 'Total'],
    ],
  },
  PresenceEvent: {
    good: [{ UserId: 'a', Online: true }],
    bad: [
      [{ UserId: 'a' }, 'Online'],
      [{ UserId: 1, Online: true }, 'UserId'],
    ],
  },
  BroadcastRequest: {
    good: [{ Message: 'x' }],
    bad: [[{}, 'Message']],
  },
  KickRequest: {
    good: [
      { UserId: 'a' },
      { UserId: 'a', Reason: text(256), BanSeconds: banSecondsMax },
      { UserId: 'a', BanSeconds: 0 },
    ],
    bad: [
      [{}, 'UserId'],
      [{ UserId: '' }, 'UserId'],
      [{ UserId: 'a', Reason: text(257) }, 'Reason'],
      [{ UserId: 'a', BanSeconds: -1 }, 'BanSeconds'],
      [{ UserId: 'a', BanSeconds: banSecondsMax + 1 }, 'BanSeconds'],
      [{ UserId: 'a', BanSeconds: 1.5 }, 'BanSeconds'],
    ],
  },
  PlatformKeyRequest: { good: [{}], bad: [[[], 'Content']] },
  PlatformKeyMessage: { good: [{}], bad: [[1, 'Content']] },
  PlatformFinish: { good: [{}], bad: [[null, 'Content']] },
  TerminalKeyMessage: { good: [{}], bad: [['"x"', 'Content']] },
  HeartbeatRequest: { good: [{}, { x: 1 }], bad: [[[], 'Content']] },
  HeartbeatResponse: { good: [{}], bad: [[null, 'Content']] },
  EnrolKeyRequest: {
    good: [
      { Key: key, DeviceId: 'd', Signature: 's' },
      { Key: key, DeviceId: text(64), Signature: 's', Approval: { Key: thumbprint, Signature: 's' } },
    ],
    bad: [
      [{ DeviceId: 'd', Signature: 's' }, 'Key'],
      [{ Key: { ...key, kty: 'EC' }, DeviceId: 'd', Signature: 's' }, 'Key.kty'],
      [{ Key: key, Signature: 's' }, 'DeviceId'],
      [{ Key: key, DeviceId: text(65), Signature: 's' }, 'DeviceId'],
      [{ Key: key, DeviceId: 'd', Signature: '' }, 'Signature'],
      [{ Key: key, DeviceId: 'd', Signature: 's', Approval: { Key: 'x', Signature: 's' } }, 'Approval.Key'],
    ],
  },
  ApproveKeyRequest: {
    good: [{ Thumbprint: thumbprint, Key: thumbprint, Signature: 's' }],
    bad: [
      [{ Thumbprint: text(42), Key: thumbprint, Signature: 's' }, 'Thumbprint'],
      [{ Thumbprint: thumbprint, Signature: 's' }, 'Key'],
      [{ Thumbprint: thumbprint, Key: thumbprint }, 'Signature'],
    ],
  },
  RevokeKeyRequest: { good: [{ Thumbprint: thumbprint }], bad: [[{ Thumbprint: text(44) }, 'Thumbprint']] },
  KeyEvent: {
    good: [{ Kind: 'enrolled', UserId: 'a', DeviceId: 'd', Thumbprint: thumbprint }],
    bad: [
      [{ Kind: 'lost', UserId: 'a', DeviceId: 'd', Thumbprint: thumbprint }, 'Kind'],
      [{ Kind: 'revoked', UserId: 'a', DeviceId: 'd' }, 'Thumbprint'],
    ],
  },
  KeyDirectoryRequest: {
    good: [{ UserId: 'a' }, { UserId: 'a', After: 0 }],
    bad: [
      [{}, 'UserId'],
      [{ UserId: 'a', After: -1 }, 'After'],
    ],
  },
  KeyDirectoryResponse: {
    good: [{ Success: true, UserId: 'a', Entries: [], More: false }],
    bad: [
      [{ Success: true, UserId: 'a', Entries: [{}], More: false }, 'Entries'],
      [{ Success: true, UserId: 'a', Entries: [] }, 'More'],
    ],
  },
  EndToEndMsgRequest: {
    good: [{ Jws: 'a.b-_.c' }],
    bad: [
      [{}, 'Jws'],
      [{ Jws: 'a.b' }, 'Jws'],
    ],
  },
  HistoryRequest: {
    good: [{ UserId: 'a' }, { UserId: 'a', Before: 9, Limit: historyLimitMax }, { UserId: 'a', After: 0 }],
    bad: [
      [{}, 'UserId'],
      [{ UserId: 'a', Before: -1 }, 'Before'],
      [{ UserId: 'a', Limit: historyLimitMax + 1 }, 'Limit'],
    ],
  },
  HistoryResponse: {
    good: [
      { Success: true, UserId: 'a', Items: [{ Position: 1, Message: {} }], More: false, Unread: 0, Read: 0 },
      { Success: false, Code: 'c', Message: 'm', Items: [] },
    ],
    bad: [
      [{ Items: [] }, 'Success'],
      [{ Success: true, Items: [{ Position: -1, Message: {} }] }, 'Items'],
    ],
  },
  ConversationsRequest: {
    good: [{}, { After: 'a', Limit: 1 }],
    bad: [
      [{ After: text(129) }, 'After'],
      [{ Limit: 0 }, 'Limit'],
    ],
  },
  ConversationsResponse: {
    good: [{ Success: true, Items: [{ UserId: 'a', Position: 1, ServerTime: 1, Unread: 0 }], After: 'a' }],
    bad: [[{ Success: true, Items: [{ UserId: 'a' }] }, 'Items']],
  },
  ReadRequest: {
    good: [{ UserId: 'a', MsgId: 'e1-1-a' }],
    bad: [
      [{ UserId: 'a' }, 'MsgId'],
      [{ UserId: 'a', MsgId: text(65) }, 'MsgId'],
    ],
  },
  ReceiptEvent: {
    good: [{ ToUserId: 'a', Status: 'read', Items: [{ MsgId: 'm' }] }],
    bad: [
      [{ ToUserId: 'a', Status: 'lost', Items: [] }, 'Status'],
      [{ ToUserId: 'a', Status: 'read', Items: [{}] }, 'Items'],
    ],
  },
  ErrorResponse: {
    good: [
      { Code: 'c', Message: 'm', Retryable: false },
      { Code: 'c', Message: 'm', Retryable: true, Detail: [] },
    ],
    bad: [
      [{ Message: 'm', Retryable: true }, 'Code'],
      [{ Code: 'c', Retryable: true }, 'Message'],
      [{ Code: 'c', Message: 'm', Retryable: 1 }, 'Retryable'],
    ],
  },
}

t.test('every entity has examples here', async (t) => {
  t.strictSame([...entities.keys()].sort(), Object.keys(examples).sort())
})

for (const [type, { good, bad }] of Object.entries(examples)) {
  t.test(`${type}: takes what is right, and names what is wrong`, async (t) => {
    for (const content of good) t.equal(problemOf(type, content), undefined, `good ${JSON.stringify(content).length}`)
    for (const [content, field] of bad) {
      const problem = problemOf(type, content)
      if (problem === undefined) t.fail(`${JSON.stringify(content).slice(0, 80)} was taken`)
      else if (!problem.includes(field) || !problem.includes(type) || !problem.endsWith('.')) t.fail(problem)
    }
    for (const content of ['[]', '1', 'null', '"x"', 'true']) t.type(problemOf(type, content), 'string', content)
  })
}

t.test('a type without an entity takes any JSON text and nothing else', async (t) => {
  for (const type of ['Own', '', '__proto__', 'constructor', 'textmsgrequest']) {
    t.equal(entities.has(type), false)
    t.equal(problemOf(type, '[1,"x",null]'), undefined)
    t.equal(problemOf(type, '"x"'), undefined)
    t.match(problemOf(type, '{"Message":'), /not valid JSON/)
    t.match(problemOf(type, ''), /not valid JSON/)
  }
})

t.test('limits on levels and keys hold for every type, known or not', async (t) => {
  const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels)
  const keys = (count: number): string => `{${Array.from({ length: count }, (_, index) => `"k${index}":1`).join()}}`
  t.equal(problemOf('Own', nested(contentLimits.depthMax)), undefined)
  t.match(problemOf('Own', nested(contentLimits.depthMax + 1)), /deeper/)
  t.equal(problemOf('Own', keys(contentLimits.keysMax)), undefined)
  t.match(problemOf('Own', keys(contentLimits.keysMax + 1)), /keys/)
  t.match(problemOf('TextMsgRequest', `{"Message":"x","y":${nested(10_000)}}`), /deeper/)
})

t.test('who may send what is said for every type', async (t) => {
  const rows = [...entities.values()].map(({ type, sender, receiver }) => `${type}: ${sender} to ${receiver}`)
  t.strictSame(rows, [
    'AuthRequest: client to server',
    'AuthResponse: server to client',
    'TextMsgRequest: client to user',
    'CommonRequest: client to either',
    'CommonResponse: server to client',
    'AckRequest: client to server',
    'PasswordRequest: client to server',
    'UserListRequest: client to server',
    'UserListResponse: server to client',
    'PresenceEvent: server to client',
    'ReceiptEvent: server to client',
    'BroadcastRequest: client to server',
    'KickRequest: client to server',
    'PlatformKeyRequest: client to server',
    'PlatformKeyMessage: server to client',
    'PlatformFinish: server to client',
    'TerminalKeyMessage: client to server',
    'EnrolKeyRequest: client to server',
    'ApproveKeyRequest: client to server',
    'RevokeKeyRequest: client to server',
    'KeyEvent: server to client',
    'KeyDirectoryRequest: client to server',
    'KeyDirectoryResponse: server to client',
    'EndToEndMsgRequest: client to user',
    'HistoryRequest: client to server',
    'HistoryResponse: server to client',
    'ConversationsRequest: client to server',
    'ConversationsResponse: server to client',
    'ReadRequest: client to server',
    'HeartbeatRequest: either to either',
    'HeartbeatResponse: either to either',
    'ErrorResponse: server to client',
  ])
})

t.test('a text that is long is judged at once', async (t) => {
  const before = process.cpuUsage()
  t.equal(problemOf('TextMsgRequest', { Message: 'e\u0301'.repeat(2 ** 19) }), undefined)
  t.match(problemOf('AuthRequest', { UserId: 'e\u0301'.repeat(2 ** 19) }), /UserId/)
  const { user, system } = process.cpuUsage(before)
  t.ok(user + system < 2_000_000, `${(user + system) / 1000} ms`)
})
