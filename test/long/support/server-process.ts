/** A server in a process of its own, so that its memory is its own: the child's side and the parent's. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { loadSettings } from '../../../src/config/load-settings.ts'
import { startServer } from '../../../src/server/server.ts'
import { within } from '../../system/support/deadline.ts'

/** A server process as its parent sees it. */
export interface ServerProcess {
  readonly port: number
  readonly child: ChildProcess
  /** Drains it; gives its exit code. */
  stop(): Promise<number | null>
}

/** Starts one. `flags` are settings with their prefix. */
export async function startServerProcess(flags: Readonly<Record<string, string>>): Promise<ServerProcess> {
  const child = fork(new URL(import.meta.url), [JSON.stringify(flags)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const [port] = (await within(once(child, 'message'), 'the start of the server')) as [number]
  return {
    port,
    child,
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        const exited = once(child, 'exit')
        child.disconnect()
        await within(exited, 'the end of the server', 30_000).catch(() => child.kill('SIGKILL'))
      }
      return child.exitCode
    },
  }
}

const [, , argument] = process.argv
if (process.send !== undefined && argument?.startsWith('{')) {
  const loaded = loadSettings({ flags: JSON.parse(argument) as Record<string, string>, env: {}, envFile: undefined })
  if (loaded.kind === 'refused') throw new Error(loaded.problems.join('; '))
  const nothing = (): void => {}
  const server = await startServer({
    settings: loaded.settings,
    log: { debug: nothing, info: nothing, warn: nothing, error: nothing },
    version: '0.0.0-test',
    firstOperator: nothing,
  })
  process.send(server.addresses.find(({ listener }) => listener === 'tcp')?.port)
  process.once('disconnect', () => void server.drain().then(() => process.exit(0)))
}
