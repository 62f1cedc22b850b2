/** A kind of server to compare with, and how a foreign one is started: a temporary folder, its configuration, its program. */
import { execFile } from 'node:child_process'
import { accessSync, constants, mkdirSync, rmSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import type { WireName } from '../../generator/wires/wire.ts'
import { type Server, type ServerKind, type ServerNeeds, userName } from '../../servers/server.ts'
import { findFreePort, ServerProcess } from '../../servers/server-process.ts'
import type { CompareSecurity } from '../options.ts'
import { type Certificate, certificateName, makeCertificate } from './certificate.ts'

/** What a reader of the result has to know of a server. */
export interface Description {
  readonly version: string
  /** The command line. */
  readonly command: string
  /** Files, or what else it was told; only some of the accounts. */
  readonly configuration: string
}

/** A kind that can say what it is, and whether it is there at all. */
export interface ComparedKind extends ServerKind {
  /** A sentence that says what to install, when it can't be started here. */
  readonly missing: () => string | undefined
  readonly describe: () => Promise<Description>
}

/** An account on a server. */
export interface Account {
  readonly userId: string
  readonly password: string
}

/** Where a server is to run. */
export interface Place {
  readonly folder: string
  readonly port: number
  readonly accounts: readonly Account[]
  /** Whether clients come by TLS. The folder then has a certificate and its key, see {@link tlsFiles}. */
  readonly isSecured: boolean
}

/** The certificate, its key, and both in one file, in the folder of a secured server. */
export const tlsFiles = { certificate: 'certificate.pem', key: 'key.pem', both: 'both.pem' } as const

/** How a foreign server is started. */
export interface Recipe {
  readonly name: string
  readonly wire: WireName
  /** The program's name, or its path. */
  readonly program: string
  readonly packageName: string
  /** Files of the folder by name. */
  readonly files: (place: Place) => Readonly<Record<string, string>>
  readonly args: (place: Place) => readonly string[]
  readonly environment?: (place: Place) => NodeJS.ProcessEnv
  /** What is done once before the start, when the files are there. */
  readonly prepare?: (place: Place) => Promise<void>
  readonly version?: () => string
}

const password = 'only-for-benchmarks'
const operator = 'bench-operator'
/** Where Debian keeps servers, also when the search path of a user does not name it. */
const serverFolders = ['/usr/local/sbin', '/usr/sbin', '/sbin']
/** Devices of a user where a server may have many. They are as many accounts elsewhere: not every server knows devices. */
export const devicesPerUser = 16

const folders = new Set<string>()
// What ends without stopping its server first leaves no data behind either.
process.on('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** Makes a kind of a recipe; with security its clients come by TLS 1.3. */
export function foreignKind(recipe: Recipe, security: CompareSecurity): ComparedKind {
  const isSecured = security === 'sealed'
  return {
    name: recipe.name,
    missing: () =>
      findProgram(recipe.program) === undefined
        ? `${recipe.name} is skipped: install it with "apt-get install ${recipe.packageName}"`
        : undefined,
    describe: () => describe(recipe, isSecured),
    start: (needs) => start(recipe, needs, isSecured ? makeCertificate() : undefined),
  }
}

/** The path of a program; undefined when there is none. */
export function findProgram(name: string): string | undefined {
  if (name.includes('/')) return name
  const places = [...(process.env['PATH'] ?? '').split(delimiter), ...serverFolders]
  return places.map((place) => join(place, name)).find(isExecutable)
}

/** Runs a program to its end; rejects when it fails or takes longer than a minute. */
export async function runProgram(
  name: string,
  args: readonly string[],
  options: { folder: string; environment?: NodeJS.ProcessEnv },
): Promise<string> {
  const run = promisify(execFile)
  const { stdout } = await run(findProgram(name) ?? name, [...args], {
    cwd: options.folder,
    env: { ...process.env, ...options.environment },
    timeout: 60_000,
  })
  return stdout
}

async function start(
  recipe: Recipe,
  needs: ServerNeeds,
  certifying: Promise<Certificate> | undefined,
): Promise<Server> {
  const program = findProgram(recipe.program)
  if (program === undefined) throw new Error(`there is no ${recipe.program}`)
  const folder = await mkdtemp(join(tmpdir(), `parley-compare-${recipe.name}-`))
  folders.add(folder)
  try {
    const certificate = await certifying
    const isSecured = certificate !== undefined
    const place = { folder, port: await findFreePort(), accounts: accountsFor(needs), isSecured }
    for (const [name, text] of Object.entries({ ...recipe.files(place), ...filesOf(certificate) })) {
      mkdirSync(join(folder, name, '..'), { recursive: true })
      await writeFile(join(folder, name), text, { mode: 0o600 })
    }
    await recipe.prepare?.(place)
    const server = await ServerProcess.start({
      name: recipe.name,
      program,
      args: recipe.args(place),
      port: place.port,
      folder,
      environment: { ...process.env, ...recipe.environment?.(place) },
      profileFolder: undefined,
      hasChannel: false,
    })
    return {
      name: recipe.name,
      endpoint: { host: '127.0.0.1', port: place.port, wire: recipe.wire, ...securityOf(certificate) },
      pid: server.pid,
      devicesPerUser: 1,
      login: (user) => ({ userId: userName('bench-', user), password }),
      broadcaster: { userId: operator, password },
      stop: async () => {
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
}

function filesOf(certificate: Certificate | undefined): Readonly<Record<string, string>> {
  if (certificate === undefined) return {}
  const { text, key } = certificate
  return { [tlsFiles.certificate]: text, [tlsFiles.key]: key, [tlsFiles.both]: `${key}${text}` }
}

function securityOf(certificate: Certificate | undefined): Pick<Server['endpoint'], 'security'> {
  if (certificate === undefined) return {}
  return { security: { kind: 'tls', certificate: certificate.text, serverName: certificateName } }
}

async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true })
  folders.delete(folder)
}

function accountsFor(needs: ServerNeeds): Account[] {
  const count = needs.manyDevices ? needs.users * devicesPerUser : needs.users
  const users = Array.from({ length: count }, (_, user) => ({ userId: userName('bench-', user), password }))
  return [...users, { userId: operator, password }]
}

async function describe(recipe: Recipe, isSecured: boolean): Promise<Description> {
  const place = { folder: '.', port: 0, accounts: [{ userId: userName('bench-', 0), password }], isSecured }
  const environment = Object.entries(recipe.environment?.(place) ?? {}).map(([name, value]) => `${name}=${value}`)
  const files = Object.entries(recipe.files(place)).map(([name, text]) => `# ${name}\n${text.trimEnd()}`)
  return {
    version: recipe.version?.() ?? (await packageVersion(recipe.packageName)),
    command: [...environment, recipe.program, ...recipe.args(place)].join(' '),
    configuration: files.join('\n'),
  }
}

async function packageVersion(name: string): Promise<string> {
  try {
    return await runProgram('dpkg-query', ['-W', '-f', '$' + '{Version}', name], { folder: tmpdir() })
  } catch {
    return 'unknown (no Debian package)'
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
