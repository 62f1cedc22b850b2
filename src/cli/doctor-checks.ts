/** The checks of `parley doctor`. Each looks at one thing, changes nothing, and says what to do where it is wrong. */
import { accessSync, closeSync, constants, existsSync, openSync, readSync, statfsSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { connectionsLimit, descriptorLimit } from '../config/descriptors.ts'
import type { Settings } from '../config/settings.ts'
import { publicJwkOf, thumbprintOf } from '../security/jwk.ts'
import { controlPath, type ServerStatus } from '../server/control-protocol.ts'
import { KeyFiles } from '../store/key-files.ts'
import { codeOf } from './cli-error.ts'
import { connectControl } from './control-client.ts'

/** What a check found. */
export interface Finding {
  readonly check: string
  readonly state: 'fine' | 'warning' | 'wrong'
  /** A sentence; says what to do unless it is fine. */
  readonly detail: string
}

/** The oldest version of Node that the server runs on, and the oldest that is still mended. */
const nodeMajor = { least: 20, supported: 22 } as const
/** Loading one of these finds a binary that does not fit the machine. */
const nativePackages = ['libsql', '@node-rs/argon2'] as const
const mebibyte = 1024 * 1024
/** Below the one a store is likely to fill up soon, below the other it will not even open. */
const diskBytes = { warning: 1024 * mebibyte, wrong: 64 * mebibyte } as const
/** Fewer connections than this are probably not meant. */
const connectionsFew = 1000

/** Runs all checks. */
export async function runChecks(settings: Settings): Promise<Finding[]> {
  const server = await checkServer(settings.dataDir)
  return [
    checkNode(process.versions.node),
    ...(await Promise.all(nativePackages.map(checkPackage))),
    checkDataDir(settings.dataDir),
    checkDatabase(settings.dataDir),
    checkKeys(settings.dataDir),
    checkDisk(settings.dataDir),
    checkDescriptors(settings.connectionsMax, descriptorLimit()),
    server.finding,
    await checkPort({ name: 'port', host: settings.host, port: settings.port }, server.status),
    await checkPort({ name: 'WebSocket port', host: settings.host, port: settings.wsPort }, server.status),
  ]
}

/** Whether the version of Node is one that the server runs on. */
export function checkNode(version: string): Finding {
  const major = Number.parseInt(version, 10)
  if (major < nodeMajor.least) {
    return { check: 'node', state: 'wrong', detail: `${version} is too old: install ${nodeMajor.supported} or newer` }
  }
  if (major < nodeMajor.supported) {
    return {
      check: 'node',
      state: 'warning',
      detail: `${version} works, but gets no more security fixes: install ${nodeMajor.supported} or newer`,
    }
  }
  return { check: 'node', state: 'fine', detail: version }
}

/** Whether files can be made in the data directory, or the directory itself where it is missing; and who else may look. */
export function checkDataDir(dataDir: string): Finding {
  const check = 'data directory'
  if (!existsSync(dataDir)) {
    const parent = nearestParent(dataDir)
    if (isWritable(parent)) return { check, state: 'fine', detail: `${dataDir} does not exist yet and will be made` }
    return { check, state: 'wrong', detail: `${dataDir} can't be made in ${parent}: make it, and give it to this user` }
  }
  const state = statSync(dataDir)
  if (!state.isDirectory())
    return { check, state: 'wrong', detail: `${dataDir} is no folder: take another PARLEY_DATA_DIR` }
  if (!isWritable(dataDir)) {
    return { check, state: 'wrong', detail: `${dataDir} can't be written: give it to this user, or run as its owner` }
  }
  if (process.platform !== 'win32' && (state.mode & 0o077) !== 0) {
    return {
      check,
      state: 'warning',
      detail: `${dataDir} is open to other users of this machine: chmod 700 ${dataDir}`,
    }
  }
  return { check, state: 'fine', detail: `${dataDir} is writable and private` }
}

/** What every SQLite database begins with. */
const databaseHead = 'SQLite format 3\0'
const databaseFileName = 'parley.db'

/** Whether what lies in the place of the accounts is a database at all; whether all of it is whole, the server finds at its start. */
export function checkDatabase(dataDir: string): Finding {
  const check = 'accounts'
  const path = join(dataDir, databaseFileName)
  const head = Buffer.alloc(databaseHead.length)
  let headBytes = 0
  try {
    const file = openSync(path, 'r')
    try {
      headBytes = readSync(file, head)
    } finally {
      closeSync(file)
    }
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return { check, state: 'fine', detail: `${path} will be made` }
    return { check, state: 'wrong', detail: `${path} can't be read (${code}): give it to this user, or move it away` }
  }
  if (headBytes === 0 || head.toString('latin1', 0, headBytes) === databaseHead) {
    return { check, state: 'fine', detail: `${path} is a database` }
  }
  return {
    check,
    state: 'wrong',
    detail: `${path} is damaged or no database: restore it from a backup, or move it away to begin anew`,
  }
}

/** Whether the server's own keys can be used, and nobody else can have read them. */
export function checkKeys(dataDir: string): Finding {
  const check = 'keys'
  if (!existsSync(join(dataDir, 'keys'))) return { check, state: 'fine', detail: 'will be made at the first start' }
  try {
    const files = new KeyFiles(dataDir)
    const identity = files.readIdentity()
    files.readHandshake()
    files.readTickets()
    if (identity === undefined) return { check, state: 'fine', detail: 'will be made at the next start' }
    const thumbprint = thumbprintOf(publicJwkOf(identity.privateKey))
    return { check, state: 'fine', detail: `the identity that clients pin is ${thumbprint}` }
  } catch (error) {
    return { check, state: 'wrong', detail: error instanceof Error ? error.message : String(error) }
  }
}

/** How many connections the limit on open files allows. */
export function checkDescriptors(wanted: number, descriptors: number | undefined): Finding {
  const check = 'open files'
  const { connectionsMax } = connectionsLimit(wanted, descriptors)
  const text = `the limit is ${descriptors ?? 'unknown'}, so up to ${connectionsMax} connections`
  if (connectionsMax < wanted) {
    return {
      check,
      state: 'wrong',
      detail: `${text}, and PARLEY_CONNECTIONS_MAX asks for ${wanted}: raise it (ulimit -n, or LimitNOFILE= of systemd)`,
    }
  }
  if (connectionsMax < connectionsFew && wanted === 0) {
    return { check, state: 'warning', detail: `${text}; for more, raise it (ulimit -n, or LimitNOFILE= of systemd)` }
  }
  return { check, state: 'fine', detail: text }
}

/** Whether a listener could be opened; a port that the running server itself holds is fine. */
export async function checkPort(
  listener: { name: string; host: string; port: number },
  running: ServerStatus | undefined,
): Promise<Finding> {
  const { name: check, host, port } = listener
  const where = `${host}:${port}`
  if (port === 0) return { check, state: 'fine', detail: 'any free one' }
  const code = await listenCode(host, port)
  if (code === undefined) return { check, state: 'fine', detail: `${where} is free` }
  if (code === 'EADDRINUSE' && running !== undefined && holds(running, port)) {
    return { check, state: 'fine', detail: `${where} is held by the server that runs (pid ${running.pid})` }
  }
  const advice: Readonly<Record<string, string>> = {
    EADDRINUSE: 'another program holds it: stop that, or take another port',
    EADDRNOTAVAIL: 'this machine does not have the address: take another PARLEY_HOST',
    ENOTFOUND: 'nobody knows the name: take another PARLEY_HOST',
    EACCES: 'this user may not: take a port above 1023',
  }
  return {
    check,
    state: 'wrong',
    detail: `${where} can't be listened on (${code}): ${advice[code] ?? 'take another one'}`,
  }
}

async function checkPackage(name: string): Promise<Finding> {
  const check = `package ${name}`
  try {
    await import(name)
    return { check, state: 'fine', detail: 'loads' }
  } catch (error) {
    const reason = (error instanceof Error ? error.message : String(error)).split('\n')[0]
    const detail = `does not load (${reason}): install again on this machine, with optional dependencies`
    return { check, state: 'wrong', detail }
  }
}

function checkDisk(dataDir: string): Finding {
  const check = 'disk'
  try {
    const { bavail, bsize } = statfsSync(nearestParent(dataDir))
    const bytes = bavail * bsize
    const detail = `${Math.floor(bytes / mebibyte)} MiB free`
    if (bytes < diskBytes.wrong) return { check, state: 'wrong', detail: `${detail}: make room` }
    if (bytes < diskBytes.warning) return { check, state: 'warning', detail: `${detail}: make room soon` }
    return { check, state: 'fine', detail }
  } catch (error) {
    return { check, state: 'warning', detail: `how much is free can't be found (${codeOf(error) ?? String(error)})` }
  }
}

async function checkServer(dataDir: string): Promise<{ finding: Finding; status: ServerStatus | undefined }> {
  const check = 'control socket'
  try {
    const control = await connectControl(dataDir)
    if (control === undefined) {
      return {
        finding: { check, state: 'fine', detail: `no server runs (${controlPath(dataDir)})` },
        status: undefined,
      }
    }
    try {
      const status = await control.call('status', {})
      const detail = `a server runs: version ${status.version}, pid ${status.pid}`
      return { finding: { check, state: 'fine', detail }, status }
    } finally {
      control.close()
    }
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error)
    return { finding: { check, state: 'wrong', detail }, status: undefined }
  }
}

/** The code of the error that listening meets, or nothing. */
function listenCode(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error) => resolve(codeOf(error) ?? error.message))
    server.listen({ host, port }, () => server.close(() => resolve(undefined)))
  })
}

function holds(status: ServerStatus, port: number): boolean {
  const { addresses } = status
  if (!Array.isArray(addresses)) return false
  return addresses.some((address: unknown) => {
    return typeof address === 'object' && address !== null && 'port' in address && address.port === port
  })
}

/** The path itself, or the nearest folder above it that exists. */
function nearestParent(path: string): string {
  let folder = path
  while (!existsSync(folder) && folder !== dirname(folder)) folder = dirname(folder)
  return folder
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}
