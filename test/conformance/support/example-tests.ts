/** What every example client that is a program must be able to do with a whole server, and with our own client. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { password, startTestServer, type TestServer, type TestServerOptions } from '../../system/support/test-server.ts'
import { readVectors } from '../../vectors/vector-files.ts'
import { compareKeys, converse, type Speaker } from './conversation.ts'
import { NodeTalker } from './node-talker.ts'
import { type ProgramCommand, type ProgramOptions, ProgramTalker } from './program-talker.ts'

/** An example, and what its language's library has. */
export interface Example {
  readonly command: ProgramCommand
  readonly suite: number
  /** Comes back with tickets. */
  readonly tickets: boolean
  readonly endToEnd: boolean
  /** The name of its signatures, which may not be PS256. */
  readonly signs: 'PS256' | 'RS256'
}

/** All of it. */
export async function checkExample(t: Test, example: Example): Promise<void> {
  await t.test('sealed texts, signatures and end to end with our own client', (t) => checkTalk(t, example))
  await t.test('where the listener takes only sealed sessions', (t) => checkSealedOnly(t, example))
  if (example.tickets) await t.test('comes back with its ticket', (t) => checkTickets(t, example))
  await t.test('a server whose key is not the pinned one is left at once', (t) => checkPins(t, example))
  await t.test('a wrong password', (t) => checkPassword(t, example))
  // The approval of a key is PS256 always.
  if (example.signs === 'PS256')
    await t.test('a further device is let in by the first', (t) => checkApproval(t, example))
}

function start(t: Test, settings: TestServerOptions['settings'] = {}): Promise<TestServer> {
  return startTestServer(t, { users: ['alice', '汤姆'], settings: { SUITES: '1,2,3', ...settings } })
}

/** A key file as an example makes it at its first start: to make the key as well takes some runtimes seconds. */
function keyFile(t: Test, key: 'alice' | 'bob' = 'alice'): string {
  const path = join(t.testdir(), `${key}.json`)
  const keys = readVectors<Record<string, object>>('keys')
  writeFileSync(path, JSON.stringify({ key: keys[key], servers: {} }), { mode: 0o600 })
  return path
}

function startExample(
  t: Test,
  server: TestServer,
  { command, suite }: Example,
  options: Partial<ProgramOptions> & { readonly key: string },
): ProgramTalker {
  return ProgramTalker.start(t, command, { port: server.port(), user: 'alice', suite, ...options })
}

/** It says everything to our own client, and understands it. */
export async function checkTalk(t: Test, example: Example): Promise<void> {
  const server = await start(t)
  const talker = startExample(t, server, example, { key: join(t.testdir(), 'key.json') })
  t.match(await talker.outcome('login'), { user: 'alice', suite: example.suite, resumed: false })
  const node = await NodeTalker.start(t, { url: `parley://127.0.0.1:${server.port()}`, user: '汤姆' })
  await talker.ask('enrol', 'enrolled')
  await node.ask('enrol', 'enrolled')
  const one: Speaker = { user: 'alice', talker, signs: true, endToEnd: example.endToEnd }
  const other: Speaker = { user: '汤姆', talker: node, signs: true, endToEnd: true }
  await converse(t, one, other)
  await compareKeys(t, one, other)
  await talker.quit()
  t.same(server.faults(), [])
}

/** A listener that requires sealing begins to speak by itself. */
async function checkSealedOnly(t: Test, example: Example): Promise<void> {
  const server = await start(t, { MIN_SECURITY: 'sealed' })
  const talker = startExample(t, server, example, { key: keyFile(t) })
  await talker.outcome('login')
  t.match(await talker.ask('send alice hello me', 'sent'), { status: 'sent' })
  t.match(await talker.outcome('text'), { from: 'alice', text: 'hello me' })
}

/** It comes back without RSA, and knows what to do when a ticket is not good any more. */
export async function checkTickets(t: Test, example: Example): Promise<void> {
  const server = await start(t)
  const key = keyFile(t)
  const comeBack = async (options: Partial<ProgramOptions> = {}): Promise<unknown> => {
    const talker = startExample(t, server, example, { key, ...options })
    const { resumed } = await talker.outcome('login')
    await talker.ask('keys 汤姆', 'keys')
    await talker.quit()
    return resumed
  }
  t.equal(await comeBack(), false, 'the first time by a full handshake')
  t.equal(await comeBack(), true, 'with a ticket')
  t.equal(await comeBack({ password: 'not asked for' }), true, 'with the ticket of that session')
  const plain = await server.client('alice')
  const newPassword = 'another correct horse'
  const change = { OldPassword: password, NewPassword: newPassword }
  t.match((await plain.request('PasswordRequest', change)).content, { Success: true })
  t.equal(
    await comeBack({ password: newPassword }),
    true,
    'the account has changed: the password counts, in the session of the ticket',
  )
  const kept = readFileSync(key, 'utf8')
  writeFileSync(key, kept.replace(/("ticket": ?").{20}/, `$1${'A'.repeat(20)}`))
  t.equal(await comeBack({ password: newPassword }), false, 'a ticket that does not open: a full handshake at once')
  t.equal(await comeBack({ password: newPassword }), true, 'and a ticket again')
}

async function checkPins(t: Test, example: Example): Promise<void> {
  const server = await start(t)
  const pin = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'
  const talker = startExample(t, server, example, { key: keyFile(t), pin })
  t.match(await talker.take('error'), { code: 'server_key_changed', message: /is pinned/ })
}

async function checkPassword(t: Test, example: Example): Promise<void> {
  const server = await start(t)
  const talker = startExample(t, server, example, { key: keyFile(t), password: 'not it' })
  t.match(await talker.take('error'), { code: 'auth_failed' })
}

async function checkApproval(t: Test, example: Example): Promise<void> {
  const server = await start(t, { SESSION_POLICY: 'multi' })
  const first = startExample(t, server, example, { key: keyFile(t), device: 'first' })
  await first.outcome('login')
  await first.ask('enrol', 'enrolled')
  const second = startExample(t, server, example, { key: keyFile(t, 'bob'), device: 'second' })
  const { key } = await second.outcome('login')
  second.command('enrol')
  t.match(await second.take('error'), { code: 'approval_required' })
  t.match(await first.outcome('server'), { type: 'KeyEvent', content: { Kind: 'requested', DeviceId: 'second' } })
  await first.ask(`approve ${key}`, 'approved')
  t.match(await second.outcome('server'), { type: 'KeyEvent', content: { Kind: 'enrolled', Thumbprint: key } })
  t.match(await second.ask('keys alice', 'keys'), { keys: { length: 2 } })
}
