/** Parley as a server under measurement: a process with a data directory of its own and imported users. */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { hash } from '@node-rs/argon2'
import { mintToken } from '../../src/security/token.ts'
import { openLocalStore } from '../../src/store/local-store.ts'
import { type ServerKind, type ServerNeeds, userName } from './server.ts'
import { findFreePort, ServerProcess } from './server-process.ts'
import { StatusReader } from './status-reader.ts'

const command = fileURLToPath(new URL('../../../bin/parley.js', import.meta.url))
const password = 'only for benchmarks'
const userPrefix = 'bench-'
const operator = 'bench-operator'
const devicesPerUser = 16
const tokenSeconds = 86_400

const folders = new Set<string>()
// What ends without stopping its server first leaves no data behind either.
process.on('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/**
 * Starts Parley servers. Settings in the environment of the benchmark apply, but for those that it needs itself;
 * `settings` go before both.
 */
export function parleyKind(options: {
  profileFolder: string | undefined
  name?: string
  settings?: Readonly<Record<string, string>>
  /** Whether clients seal their sessions. */
  isSealed?: boolean
}): ServerKind {
  const name = options.name ?? 'parley'
  const security = options.isSealed === true ? { security: { kind: 'sealed' } as const } : {}
  return {
    name,
    start: async (needs) => {
      const folder = await mkdtemp(join(tmpdir(), 'parley-bench-'))
      folders.add(folder)
      try {
        const port = await findFreePort()
        const own = benchSettings({ folder, port, manyDevices: needs.manyDevices })
        const environment = { ...process.env, ...own, ...options.settings }
        const reader = new StatusReader(dataDirOf(folder))
        await importUsers(folder, environment, needs)
        const mint = await tokenMint(folder)
        const server = await ServerProcess.start({
          name,
          args: [command, 'serve'],
          port,
          folder,
          environment,
          profileFolder: options.profileFolder,
          hasChannel: false,
        })
        return {
          name,
          endpoint: { host: '127.0.0.1', port, ...security },
          pid: server.pid,
          devicesPerUser: needs.manyDevices ? devicesPerUser : 1,
          login: (user) => ({ userId: userName(userPrefix, user), password }),
          broadcaster: { userId: operator, password },
          mintTokens: async (count) => mint(count),
          status: () => reader.read(),
          stop: async () => {
            reader.close()
            try {
              await server.stop()
            } finally {
              await removeFolder(folder)
            }
          },
        }
      } catch (error) {
        await removeFolder(folder)
        throw error
      }
    },
  }
}

function dataDirOf(folder: string): string {
  return join(folder, 'data')
}

/**
 * Makes what the users would get for their passwords: ten thousand checks of passwords would take minutes. The data
 * directory is the benchmark's own, so the key is in reach.
 */
async function tokenMint(folder: string): Promise<(count: number) => string[]> {
  const store = openLocalStore({ dataDir: dataDirOf(folder) })
  try {
    const key = await store.call('tokenKey', {})
    const generation = (await store.call('findAccount', { userId: userName(userPrefix, 0) }))?.generation ?? 0
    const expires = Math.floor(Date.now() / 1000) + tokenSeconds
    return (count) =>
      Array.from({ length: count }, (_, user) =>
        mintToken(key, { userId: userName(userPrefix, user), generation, expires, thumbprints: [] }, randomBytes),
      )
  } finally {
    store.close()
  }
}

async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true })
  folders.delete(folder)
}

/** Users as lines for `parley user import`, all with one password. */
export async function accountLines(options: { prefix: string; count: number; password: string }): Promise<string> {
  // The server's own default cost, so that logins cost what they cost in service.
  const passwordHash = await hash(options.password, { memoryCost: 19_456, timeCost: 2, parallelism: 1 })
  const lines = Array.from({ length: options.count }, (_, user) =>
    JSON.stringify({ UserId: userName(options.prefix, user), PasswordHash: passwordHash }),
  )
  return `${lines.join('\n')}\n`
}

/** Settings of a server under measurement. */
export function benchSettings(options: { folder: string; port: number; manyDevices: boolean }): Record<string, string> {
  return {
    PARLEY_HOST: '127.0.0.1',
    PARLEY_PORT: String(options.port),
    PARLEY_WS_PORT: '0',
    PARLEY_DATA_DIR: dataDirOf(options.folder),
    PARLEY_LOG_LEVEL: 'warn',
    // The generator is one address and sends as fast as it is let.
    PARLEY_USER_MESSAGES_PER_SECOND: '0',
    // What is stored is as much as it is.
    PARLEY_INBOX_MESSAGES_MAX: '1000000',
    PARLEY_INBOX_BYTES_MAX: '1073741824',
    PARLEY_ADDRESS_CONNECTIONS_MAX: '100000',
    PARLEY_SESSION_POLICY: options.manyDevices ? 'multi' : 'replace',
    PARLEY_USER_SESSIONS_MAX: String(devicesPerUser),
  }
}

async function importUsers(folder: string, environment: NodeJS.ProcessEnv, needs: ServerNeeds): Promise<void> {
  const file = join(folder, 'users.jsonl')
  const lines = await accountLines({ prefix: userPrefix, count: needs.users, password })
  const operatorLine = JSON.stringify({ UserId: operator, Password: password, Role: 'operator' })
  await writeFile(file, `${lines}${operatorLine}\n`, { mode: 0o600 })
  const run = promisify(execFile)
  await run(process.execPath, [command, 'user', 'import', file], { cwd: folder, env: environment, timeout: 60_000 })
}
