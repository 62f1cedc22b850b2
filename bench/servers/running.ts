/** A Parley server that somebody else started on this machine. */
import { readFile } from 'node:fs/promises'
import { connectControl } from '../../src/cli/control-client.ts'
import type { RunningTarget } from '../options.ts'
import { type Server, type ServerKind, userName } from './server.ts'
import { StatusReader } from './status-reader.ts'
import { TemporaryUsers } from './temporary-users.ts'

/**
 * Takes the server as it is: its settings are not touched, nor are its users. Where its control socket is in reach
 * and no password is given, it gets users for the run, which are removed at the end.
 */
export function runningKind(target: RunningTarget, isSealed: boolean): ServerKind {
  const security = isSealed ? { security: { kind: 'sealed' } as const } : {}
  return {
    name: 'parley',
    start: async (needs) => {
      const { dataDir, passwordFile } = target
      const reader = dataDir === undefined ? undefined : new StatusReader(dataDir)
      const temporary = dataDir === undefined || passwordFile !== undefined ? undefined : new TemporaryUsers(dataDir)
      const password = temporary?.password ?? (await readFile(passwordFile ?? '', 'utf8')).trim()
      const prefix = temporary?.prefix ?? target.userPrefix
      const server: Server = {
        name: 'parley',
        endpoint: { host: target.host, port: target.port, ...security },
        pid: target.pid ?? (dataDir === undefined ? undefined : await pidOf(dataDir)),
        devicesPerUser: 1,
        login: (user) => ({ userId: userName(prefix, user), password }),
        broadcaster: { userId: `${prefix}operator`, password },
        ...(reader === undefined ? {} : { status: () => reader.read() }),
        stop: async () => {
          reader?.close()
          await temporary?.remove()
        },
      }
      try {
        await temporary?.make(needs.users)
      } catch (error) {
        await server.stop().catch(() => {})
        throw error
      }
      return server
    },
  }
}

async function pidOf(dataDir: string): Promise<number | undefined> {
  const control = await connectControl(dataDir)
  if (control === undefined) throw new Error(`no server runs on the data directory ${dataDir}`)
  try {
    return (await control.call('status', {})).pid
  } finally {
    control.close()
  }
}
