/** A Parley server that somebody else started on this machine. */
import { readFile } from 'node:fs/promises'
import type { RunningTarget } from '../options.ts'
import { type ServerKind, userName } from './server.ts'

/** Takes the server as it is: its settings and its users are not touched. */
export function runningKind(target: RunningTarget): ServerKind {
  return {
    name: 'parley',
    start: async () => {
      const password = (await readFile(target.passwordFile, 'utf8')).trim()
      return {
        name: 'parley',
        endpoint: { host: target.host, port: target.port },
        pid: target.pid,
        devicesPerUser: 1,
        login: (user) => ({ userId: userName(target.userPrefix, user), password }),
        stop: async () => {},
      }
    },
  }
}
