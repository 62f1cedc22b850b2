import t from 'tap'
import { readJsonLine } from '../../../src/cli/chat/json-command.ts'

t.test('each command is read, with its id', async (t) => {
  const how = { clientMsgId: undefined, volatile: false, retry: false, timeoutMs: undefined }
  const given = { clientMsgId: 'mine', volatile: true, retry: true, timeoutMs: 9 }
  for (const [line, command] of [
    [{ do: 'send', to: 'bob', message: 'hi' }, how],
    [{ do: 'send', to: 'bob', message: 'hi', ...given }, {}],
    [{ do: 'sendMessage', to: 'bob', type: 'Own', content: [1] }, how],
    [{ do: 'read', userId: 'bob', msgId: 'e1-1-ab' }, {}],
    [
      { do: 'history', with: 'bob', before: 7 },
      { after: undefined, limit: undefined },
    ],
    [{ do: 'conversations', limit: 5 }, { after: undefined }],
    [
      { do: 'request', type: 'Own' },
      { to: undefined, content: {} },
    ],
    [{ do: 'broadcast', message: 'hi' }, {}],
    [{ do: 'who' }, { prefix: undefined, after: undefined, limit: undefined }],
    [{ do: 'kick', userId: 'bob', banSeconds: 5 }, { reason: undefined }],
    [{ do: 'passwd', oldPassword: 'a', newPassword: 'b' }, {}],
    [{ do: 'presence' }, { on: true }],
    [{ do: 'presence', on: false }, {}],
    [{ do: 'quit' }, {}],
  ] as const) {
    const text = JSON.stringify({ ...line, id: 7 })
    t.same(readJsonLine(text), { id: 7, command: { ...line, ...command }, problem: '' }, text)
  }
})

t.test('what is wrong with a line is said by name', async (t) => {
  for (const [line, problem] of [
    ['{', /not JSON/],
    ['[]', /not a JSON object/],
    ['{}', /"do"/],
    ['{"do":"fly"}', /fly/],
    ['{"do":"send","to":"bob"}', /"message"/],
    ['{"do":"send","to":7,"message":"x"}', /"to"/],
    ['{"do":"who","limit":"x"}', /"limit"/],
    ['{"__proto__":{"do":"quit"}}', /"do"/],
  ] as const) {
    t.match(readJsonLine(line), { command: undefined, problem }, line)
  }
})
