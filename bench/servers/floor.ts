/** The floor server as a server under measurement. */
import { fileURLToPath } from 'node:url'
import { type ServerKind, userName } from './server.ts'
import { findFreePort, ServerProcess } from './server-process.ts'

/** Starts floor servers. */
export function floorKind(options: { profileFolder: string | undefined }): ServerKind {
  return {
    name: 'floor',
    start: async () => {
      const port = await findFreePort()
      const server = await ServerProcess.start({
        name: 'floor',
        args: [fileURLToPath(new URL('../floor/main.js', import.meta.url)), String(port)],
        port,
        folder: process.cwd(),
        environment: process.env,
        profileFolder: options.profileFolder,
        hasChannel: true,
      })
      return {
        name: 'floor',
        endpoint: { host: '127.0.0.1', port },
        pid: server.pid,
        devicesPerUser: 1,
        login: (user) => ({ userId: userName('bench-', user), password: 'any' }),
        mintTokens: async (count) => Array.from({ length: count }, () => 'any'),
        stop: () => server.stop(),
      }
    },
  }
}
