/** Two plain clients in a process of their own, one of which writes to the other all the time: how long that takes. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setPriority } from 'node:os'
import { within } from '../../system/support/deadline.ts'
import { TcpClient } from '../../system/support/tcp-client.ts'

/** What was measured since the last time it was asked for, in milliseconds. */
export interface Latencies {
  readonly count: number
  readonly p50: number
  readonly p99: number
}

/** The prober as its parent sees it. */
export interface Prober {
  read(): Promise<Latencies>
  stop(): void
}

/** How often a text is sent. */
const everyMs = 5
/** What is to be measured is the server, not how long this process waits for a processor that the load of the test has. */
const niceness = -10

/** Starts one, between two users who have the password. */
export async function startProber(port: number, users: readonly [string, string], password: string): Promise<Prober> {
  const child: ChildProcess = fork(new URL(import.meta.url), [JSON.stringify({ port, users, password })], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  await within(once(child, 'message'), 'the start of the prober')
  try {
    if (child.pid !== undefined) setPriority(child.pid, niceness)
  } catch {
    // Only root may; then the figures are higher.
  }
  return {
    read: async () => {
      const answer = once(child, 'message')
      child.send('read')
      const [latencies] = (await within(answer, 'what the prober has measured')) as [Latencies]
      return latencies
    },
    stop: () => child.disconnect(),
  }
}

const [, , argument] = process.argv
if (process.send !== undefined && argument?.startsWith('{"port"')) {
  const { port, users, password } = JSON.parse(argument) as { port: number; users: string[]; password: string }
  const [from, to] = await Promise.all(
    users.map(async (user) => {
      const client = await TcpClient.connect(port)
      await client.login(user, { Password: password })
      return client
    }),
  )
  let samples: number[] = []
  void (async () => {
    for (let number = 0; ; number++) {
      const started = performance.now()
      const text = `probe ${number}`
      const came = to?.take(({ content }) => content.Message === text, text, 60_000)
      from?.send('TextMsgRequest', { Message: text }, { ToUserId: users[1] })
      await came
      samples.push(performance.now() - started)
      await new Promise((resolve) => setTimeout(resolve, everyMs))
    }
  })()
  process.on('message', () => {
    const sorted = samples.sort((one, other) => one - other)
    samples = []
    const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? Number.NaN
    process.send?.({ count: sorted.length, p50: at(0.5), p99: at(0.99) } satisfies Latencies)
  })
  process.once('disconnect', () => process.exit(0))
  process.send('ready')
}
