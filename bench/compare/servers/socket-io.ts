/** A Socket.IO server: a process of node with `socket-io-server.ts`, a room per user. */
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { CompareSecurity } from '../options.ts'
import { type ComparedKind, foreignKind, type Recipe, tlsFiles } from './compared.ts'

const script = fileURLToPath(new URL('../socket-io-server.js', import.meta.url))
const require = createRequire(import.meta.url)

const recipe: Recipe = {
  name: 'socket.io',
  wire: 'socket-io',
  program: process.execPath,
  packageName: 'socket.io',
  files: ({ accounts }) => ({
    'accounts.json': JSON.stringify(Object.fromEntries(accounts.map(({ userId, password }) => [userId, password]))),
  }),
  args: ({ folder, port, isSecured }) => [
    script,
    String(port),
    `${folder}/accounts.json`,
    ...(isSecured ? [`${folder}/${tlsFiles.both}`] : []),
  ],
  version: () => (require('socket.io/package.json') as { version: string }).version,
}

/** The kind. */
export const socketIoKind = (security: CompareSecurity): ComparedKind => ({
  ...foreignKind(recipe, security),
  missing: () => {
    try {
      require.resolve('socket.io')
      return undefined
    } catch {
      return 'socket.io is skipped: install it with "npm install"'
    }
  },
  describe: async () => {
    const { version, configuration } = await foreignKind(recipe, security).describe()
    const command =
      'node build/bench/compare/socket-io-server.js PORT accounts.json' +
      (security === 'sealed' ? ` ${tlsFiles.both}` : '')
    const options =
      '# bench/compare/socket-io-server.ts: WebSocket only, no compression, the request of each connection let go'
    return { version, command, configuration: `${options}\n${configuration}` }
  },
})
