/** Everyone with everyone, on one server: our own client, and the examples whose runtimes are here. */
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { BrowserTalker } from '../conformance/support/browser-talker.ts'
import { converse, type Speaker } from '../conformance/support/conversation.ts'
import {
  csharpExample,
  javaExample,
  pythonExample,
  skipJava,
  skipMono,
  skipPython,
} from '../conformance/support/examples.ts'
import { NodeTalker } from '../conformance/support/node-talker.ts'
import { type ProgramCommand, ProgramTalker } from '../conformance/support/program-talker.ts'
import { skipWithout } from '../system/support/outside-program.ts'
import { startTestServer, type TestServer } from '../system/support/test-server.ts'

const chromium = process.env['CHROMIUM'] ?? 'chromium'
const skipChromium = skipWithout(chromium, 'install Chromium, or name its program in the variable CHROMIUM')
const users = ['node', 'python', 'java', 'page', 'csharp']
const everything = { signs: true, endToEnd: true }

t.test('everyone with everyone', { skip: skipPython || skipJava || skipMono || skipChromium }, async (t) => {
  const settings = { MIN_SECURITY: 'sealed', SUITES: '1,2,3' }
  const server = await startTestServer(t, { users, settings })
  const folder = t.testdir()
  const program = (user: string, command: ProgramCommand, suite: number): ProgramTalker =>
    ProgramTalker.start(t, command, { port: server.port(), user, key: join(folder, `${user}.json`), suite })
  const python = program('python', pythonExample().client, 2)
  const java = program('java', javaExample(t).client, 1)
  const csharp = program('csharp', csharpExample(t).client, 3)
  await Promise.all([python, java, csharp].map((talker) => talker.outcome('login')))
  const speakers: Speaker[] = [
    { user: 'node', talker: await NodeTalker.start(t, { url: tcpUrl(server), user: 'node' }), ...everything },
    { user: 'python', talker: python, ...everything },
    { user: 'java', talker: java, ...everything },
    { user: 'page', talker: await openPage(t, server), ...everything },
    // In mono's library there is no OAEP with SHA-256 and no AES-GCM.
    { user: 'csharp', talker: csharp, signs: true, endToEnd: false },
  ]
  for (const { talker } of speakers) await talker.ask('enrol', 'enrolled')
  for (const [index, one] of speakers.entries()) {
    for (const other of speakers.slice(index + 1)) await converse(t, one, other)
  }
  t.same(server.faults(), [])
})

function tcpUrl(server: TestServer): string {
  return `parley://127.0.0.1:${server.port()}`
}

async function openPage(t: Test, server: TestServer): Promise<BrowserTalker> {
  const page = await BrowserTalker.open(t, chromium)
  page.login({ url: `ws://127.0.0.1:${server.port('ws')}/ws`, user: 'page' })
  await page.outcome('login')
  return page
}
