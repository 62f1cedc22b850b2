import t from 'tap'
import { isRecord, readMessage } from '../../src/client/message.ts'

t.test('a body is read into a message', async (t) => {
  const body = '{"MsgType":"TextMsgRequest","FromUserId":"bob","Content":"{\\"Message\\":\\"hi\\"}","Later":[1]}'
  t.match(readMessage(body), {
    type: 'TextMsgRequest',
    from: 'bob',
    content: { Message: 'hi' },
    envelope: { FromUserId: 'bob', Later: [1] },
  })
})

t.test('no sender, an empty one and null are the server; content may be left out or be any JSON', async (t) => {
  for (const from of ['', ',"FromUserId":""', ',"FromUserId":null']) {
    t.match(readMessage(`{"MsgType":"Own"${from}}`), { from: '', content: undefined })
  }
  for (const [text, content] of [
    ['""', undefined],
    ['"7"', 7],
    ['"null"', null],
    ['"[]"', []],
  ] as const) {
    const message = readMessage(`{"MsgType":"Own","Content":${text}}`)
    t.same('content' in message ? message.content : 'none', content)
  }
})

t.test('what is not an envelope is bad_envelope', async (t) => {
  const bodies = ['', 'x', '[]', 'null', '7', '{}', '{"MsgType":7}', '\ufeff{"MsgType":"Own"}']
  for (const field of ['FromUserId', 'ToUserId', 'CallbackID', 'Content']) {
    for (const value of ['7', '{}', '["bob"]', 'false']) bodies.push(`{"MsgType":"Own","${field}":${value}}`)
  }
  for (const body of bodies) t.match(readMessage(body), { code: 'bad_envelope' }, body)
})

t.test('content that does not fit its type is bad_content', async (t) => {
  for (const [type, content] of [
    ['Own', '{'],
    ['TextMsgRequest', '{}'],
    ['TextMsgRequest', '[]'],
    ['BroadcastRequest', '{"Message":7}'],
    ['PresenceEvent', '{"UserId":"bob"}'],
    ['ErrorResponse', '{"Message":"x"}'],
    ['CommonResponse', '{"Success":"yes"}'],
    ['AuthResponse', 'null'],
  ]) {
    const body = JSON.stringify({ MsgType: type, Content: content })
    t.match(readMessage(body), { code: 'bad_content' }, body)
  }
})

t.test('a key __proto__ is an ordinary one and changes no prototype', async (t) => {
  const message = readMessage(
    '{"MsgType":"Own","__proto__":{"FromUserId":"x"},"Content":"{\\"__proto__\\":{\\"a\\":1}}"}',
  )
  t.match(message, { from: '' })
  t.equal(({} as { a?: unknown }).a, undefined)
})

t.test('only objects are records', async (t) => {
  t.same([{}, [], null, 'x', 7].map(isRecord), [true, false, false, false, false])
})
