import { Writable } from 'node:stream'
import { pino } from 'pino'
import t from 'tap'
import { connectControl } from '../../src/cli/control-client.ts'
import { until } from './support/deadline.ts'
import { password, startTestServer } from './support/test-server.ts'
import { bodyOf } from './support/wire-client.ts'

const users = ['amy', 'bob', 'carol']
const poolWorkerFile = new URL('./support/faulty.worker.js', import.meta.url)
/** Begins every secret and every content of this test. */
const canary = 'Kanarienvogel'

t.test('no password, token or content is in the log, at the lowest level', async (t) => {
  let log = ''
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done): void {
      log += chunk.toString()
      done()
    },
  })
  const logger = pino({ level: 'trace' }, stream)
  // What the process itself prints counts as well.
  const printed = catchOutput(t)
  const settings = { POOL_TASK_TIMEOUT_MS: '500', SELF_REGISTRATION: 'on', LOG_LEVEL: 'trace' }
  const server = await startTestServer(t, { users, settings, poolWorkerFile, log: logger })
  const secrets = new Set<string>([password])

  const amy = await server.connect()
  t.match(await amy.login('amy', { Password: `${canary}-wrong-password` }), { Code: 'auth_failed' })
  t.match(await amy.login('amy', { Token: `${canary}-wrong-token.x` }), { Code: 'auth_failed' })
  const { Token: token = '', SessionId: sessionId } = await amy.login('amy', { Password: password })
  t.ok(token !== '' && typeof sessionId === 'string')
  secrets.add(token)
  const again = await server.connect()
  secrets.add((await again.login('bob', { Password: password })).Token ?? '')
  for (const fault of ['!exit', '!hang', '!throw-item', '!memory']) {
    const client = await server.connect()
    await client.login('carol', { Password: fault })
    client.destroy()
  }
  const newcomer = await server.connect()
  await newcomer.request('AuthRequest', { UserId: 'new', Password: `${canary}-registered`, Register: true })

  const text = `${canary}-text`
  t.match(await amy.text('bob', text), { Success: true })
  t.match(await amy.text('nobody', text), { Code: 'user_unknown' })
  t.match(await amy.text('carol', text), { Data: { Status: 'stored' } })
  await amy.request(`Own`, { [canary]: canary }, { ToUserId: 'bob', [`${canary}Field`]: canary })
  await amy.request('CommonRequest', { Command: `${canary}Command`, Data: canary })
  await amy.request('PasswordRequest', { OldPassword: `${canary}-old`, NewPassword: `${canary}-new` })
  await amy.request('PasswordRequest', { OldPassword: password, NewPassword: `${canary}-changed` })
  for (const bad of [
    `{"${canary}":`,
    `{"MsgType":"Own","ToUserId":"bob","Content":"${canary}"}`,
    bodyOf('TextMsgRequest', { Message: text }, { ToUserId: 'bob', FromUserId: 'carol' }),
    bodyOf('AuthRequest', { UserId: 'amy', Password: `${canary}-again` }),
    bodyOf('Own', 'x'.repeat(2_000_000) + canary, { ToUserId: 'bob' }),
    Buffer.concat([Buffer.from(canary), Buffer.of(0xff)]),
  ]) {
    amy.sendBody(bad)
  }
  amy.sendBytes(Buffer.from(`${canary} noise`))
  await amy.settled()

  const op = await server.client('op')
  await op.request('BroadcastRequest', { Message: text })
  const control = await connectControl(server.dataDir)
  await control?.call('send', { to: 'bob', message: text })
  await control?.call('broadcast', { message: text })
  await control?.call('setPasswordHash', { userId: 'carol', passwordHash: `$argon2id$${canary}` }).catch(() => {})
  control?.close()
  await op.request('KickRequest', { UserId: 'bob' })
  server.destroyClients()
  await server.running.drain()
  await until(() => log.includes('"drained"'), 'the last line')

  t.ok(log.split('\n').length > 30, 'there is a log')
  t.ok(log.includes('amy'), 'which names users')
  for (const output of [log, printed.text()]) {
    t.notOk(output.includes(canary), 'nothing of this test is in it')
    for (const secret of secrets) t.notOk(output.includes(secret))
    t.notMatch(output, /\$argon2/, 'no hash')
  }
})

function catchOutput(t: { teardown(work: () => void): unknown }): { text(): string } {
  let text = ''
  const stdout = process.stdout.write.bind(process.stdout)
  const stderr = process.stderr.write.bind(process.stderr)
  const keep =
    (write: typeof stdout): typeof stdout =>
    (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
      text += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString()
      return (write as (chunk: string | Uint8Array, ...rest: unknown[]) => boolean)(chunk, ...rest)
    }
  process.stdout.write = keep(stdout)
  process.stderr.write = keep(stderr)
  t.teardown(() => {
    process.stdout.write = stdout
    process.stderr.write = stderr
  })
  return { text: () => text }
}
