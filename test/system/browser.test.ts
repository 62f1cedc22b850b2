import t from 'tap'
import { openPage } from './support/chromium.ts'
import { skipWithout } from './support/outside-program.ts'
import { password, startTestServer } from './support/test-server.ts'
import { textFrom } from './support/wire-client.ts'

const chromium = process.env['CHROMIUM'] ?? 'chromium'
const skip = skipWithout(chromium, 'install Chromium, or name its program in the variable CHROMIUM')

/** What the page does: logs in, tells the list, sends a text, tells the one that comes, and how it ended. */
const page = (wsPort: number) => `<!doctype html><meta charset="utf-8"><script>
const tell = (what) => fetch('/tell', { method: 'POST', body: JSON.stringify(what) })
const socket = new WebSocket('ws://127.0.0.1:${wsPort}/ws')
const send = (MsgType, content, fields) =>
  socket.send(JSON.stringify({ ...fields, MsgType, CreateTime: Math.floor(Date.now() / 1000), Content: JSON.stringify(content) }))
socket.onerror = () => tell({ error: 'the socket failed' })
socket.onopen = () => send('AuthRequest', { UserId: '网页', Password: ${JSON.stringify(password)} }, { CallbackID: 'login' })
let last
socket.onmessage = ({ data }) => {
  const envelope = JSON.parse(data)
  const content = JSON.parse(envelope.Content)
  if (envelope.FromUserId) {
    tell({ from: envelope.FromUserId, type: envelope.MsgType, message: content.Message })
    return
  }
  last = content.Code
  if (envelope.CallbackID === 'login') {
    tell({ login: content.Success, role: content.Role })
    send('UserListRequest', {}, { CallbackID: 'list' })
  } else if (envelope.CallbackID === 'list') {
    tell({ users: content.Items.map((item) => item.Value) })
    send('TextMsgRequest', { Message: '你好 from a page 🙂' }, { ToUserId: 'amy', CallbackID: 'text' })
  } else if (envelope.CallbackID === 'text') {
    tell({ text: content.Data.Status })
  }
}
socket.onclose = ({ code }) => tell({ closed: code, why: last })
</script>`

t.test('a page in Chromium talks with a TCP client', { skip }, async (t) => {
  const server = await startTestServer(t, { users: ['amy', '网页'] })
  const amy = await server.client('amy')
  const { told, tells } = await openPage(t, chromium, page(server.port('ws')))
  await tells(3)
  t.same(told, [{ login: true, role: 'user' }, { users: ['amy', '网页'] }, { text: 'sent' }])
  t.equal((await amy.take(textFrom('网页'), 'the text')).content.Message, '你好 from a page 🙂')
  t.match(await amy.text('网页', '你好 from TCP 🙂'), { Success: true, Data: { Status: 'sent' } })
  await tells(4)
  t.same(told[3], { from: 'amy', type: 'TextMsgRequest', message: '你好 from TCP 🙂' })
  const drained = server.running.drain()
  await tells(5)
  t.same(told[4], { closed: 1000, why: 'server_draining' })
  await drained
})

t.test('a page of another origin gets no WebSocket', { skip }, async (t) => {
  const server = await startTestServer(t, { users: ['amy', '网页'], settings: { WS_ORIGINS: 'https://example.org' } })
  const { told, tells } = await openPage(t, chromium, page(server.port('ws')))
  await tells(2)
  t.match(told.slice(0, 2), [{ error: 'the socket failed' }, { closed: 1006 }])
})
