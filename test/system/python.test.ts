import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { within } from './support/deadline.ts'
import { skipWithout } from './support/outside-program.ts'
import { password, startTestServer } from './support/test-server.ts'
import { textFrom } from './support/wire-client.ts'

const skip = skipWithout('python3', 'install Python 3.9 or later')
// Compiled tests run from build/test/system; the script stays where it was written.
const script = fileURLToPath(new URL('../../../test/system/support/raw_client.py', import.meta.url))
const text = '你好，世界 🙂 ü "quoted" \\ \u0007'

for (const charset of ['utf-8', 'gb18030']) {
  t.test(`a raw client in Python talks with a WebSocket client, in ${charset}`, { skip }, async (t) => {
    const server = await startTestServer(t, { users: ['amy', '汤姆'], settings: { CHARSET: charset } })
    const peer = await server.webSocketClient('汤姆')
    const python = spawn('python3', [script, String(server.port()), charset, 'amy', password, '汤姆', text], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, PYTHONIOENCODING: 'utf-8', PYTHONUTF8: '1' },
    })
    t.teardown(() => python.kill('SIGKILL'))
    let output = ''
    python.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
    let problems = ''
    python.stderr.on('data', (chunk: Buffer) => {
      problems += chunk.toString()
    })
    const closed = once(python, 'close')
    const talk = async (): Promise<void> => {
      t.equal((await peer.take(textFrom('amy'), 'the text', 30_000)).content.Message, text)
      t.match(await peer.text('amy', `${text} back`), { Success: true })
      t.equal((await peer.take(textFrom('amy'), 'the echo', 30_000)).content.Message, `${text} back`)
    }
    await Promise.race([talk(), closed.then(() => undefined)])
    const [code] = await within(closed, 'the end of the client', 30_000)
    t.equal(code, 0, problems)
    t.strictSame(JSON.parse(output), {
      refused: { Success: false, Code: 'auth_failed', Message: 'The user or the password or token is wrong.' },
      authType: 'AuthResponse',
      auth: { Success: true, UserId: 'amy', Role: 'user' },
      users: ['amy', '汤姆'],
      sent: { Success: true, Data: { Status: 'sent' } },
      unknown: 'user_unknown',
      from: '汤姆',
      got: `${text} back`,
    })
    t.same(server.faults(), [])
  })
}
