/** A server is stopped while it can write nothing: it ends in time, and whoever waits for an answer gets one. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { databaseFileName } from '../../src/store/database-file.ts'
import { verifyDatabase } from '../../src/store/verify.ts'
import { cliFile } from '../cli/run-cli.ts'
import { until, within } from '../system/support/deadline.ts'
import { skipUnless } from '../system/support/outside-program.ts'
import { TcpClient } from '../system/support/tcp-client.ts'
import { password } from '../system/support/test-server.ts'
import { newCallbackId, type Received } from '../system/support/wire-client.ts'
import { loadFlags, makeDataFolder } from './support/data-folder.ts'
import { limitFileSize, skipWithoutSizeLimit } from './support/size-limit.ts'
import { SmallDisk } from './support/small-disk.ts'

const drainTimeoutMs = 4000
const users = ['ann', 'mute', 'gone']
const each = 200

t.setTimeout(120_000)

/** Starts the server as an operator does; gives its process and its port. */
async function serve(t: Test, dataDir: string): Promise<{ child: ReturnType<typeof spawn>; port: number }> {
  const flags = loadFlags(dataDir, {
    DRAIN_TIMEOUT_MS: `${drainTimeoutMs}`,
    ACK_WAIT_MS: '60000',
    ACCEPTOR_THREADS: '1',
  })
  const child = spawn(process.execPath, [cliFile, 'serve'], {
    env: { PATH: process.env['PATH'], ...flags },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      output += chunk
    })
  }
  await until(() => /serving on/.test(output), 'the server', 30_000)
  return { child, port: Number(/serving on 127\.0\.0\.1:(\d+)/.exec(output)?.[1]) }
}

async function stopWith(
  t: Test,
  dataDir: string,
  fail: (pid: number | undefined) => void,
  code: string,
): Promise<void> {
  await makeDataFolder(t, users, dataDir)
  const { child, port } = await serve(t, dataDir)
  const ann = await TcpClient.connect(port)
  await ann.login('ann', { Password: password })
  // It acknowledges, and never does so: what it gets waits in memory.
  const mute = await TcpClient.connect(port)
  await mute.request('AuthRequest', { UserId: 'mute', Password: password, Ack: true, DeviceId: 'phone' })
  fail(child.pid)
  const asked: string[] = []
  for (let count = 0; count < each; count++) {
    for (const to of ['mute', 'gone']) {
      const id = newCallbackId()
      asked.push(id)
      ann.send('TextMsgRequest', { Message: `${to} ${count} ${'x'.repeat(count)}` }, { ToUserId: to, CallbackID: id })
    }
  }
  await within(ann.request('HeartbeatRequest', {}), 'everything to be read')
  const stoppedAt = performance.now()
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  t.equal(await ann.ended(), 'server_draining')
  const [exitCode] = (await within(exited, 'the end of the server', 3 * drainTimeoutMs)) as [number | null]
  const tookMs = Math.round(performance.now() - stoppedAt)
  t.equal(exitCode, 0)
  t.ok(tookMs <= drainTimeoutMs + 1000, `ends within its time: ${tookMs} ms`)
  const answers = new Map<string, Received[]>()
  for (const message of ann.messages) {
    const id = message.envelope.CallbackID ?? ''
    answers.set(id, [...(answers.get(id) ?? []), message])
  }
  t.same(
    asked.filter((id) => answers.get(id)?.length !== 1),
    [],
    'one answer each',
  )
  const codes = asked
    .flatMap((id) => answers.get(id) ?? [])
    .map(({ content }) => content.Code ?? content.Data?.['Status'])
  const counts = new Map<string, number>()
  for (const one of codes.map(String)) counts.set(one, (counts.get(one) ?? 0) + 1)
  t.comment(JSON.stringify([...counts]))
  t.same(
    codes.filter((one) => one !== code && one !== 'storage_failed'),
    [],
    'nothing is promised, and all may be sent again',
  )
  t.match(verifyDatabase(join(dataDir, databaseFileName)), { messages: 0, faults: [] })
}

t.test('writes fail', { skip: skipWithoutSizeLimit }, async (t) => {
  const dataDir = t.testdir()
  await stopWith(t, dataDir, (pid) => limitFileSize(pid, 1024), 'storage_failed')
})

const disk = SmallDisk.mount(32 * 2 ** 20)
t.test(
  'the disk is full',
  { skip: skipUnless(disk !== undefined, 'a tmpfs can not be mounted: run this as root on Linux') },
  async (t) => {
    if (disk === undefined) return
    t.teardown(() => disk.unmount())
    // With the reserve, too, the disk must have no room.
    await stopWith(t, join(disk.folder, 'data'), () => disk.fill(0), 'storage_full')
  },
)
