/**
 * nats-server with JetStream and a store in files. By default it answers when a message has been written to the file,
 * and syncs the file every two minutes; from version 2.10 on it can be told to sync before each answer.
 */
import { execFileSync } from 'node:child_process'
import { type ComparedKind, findProgram, foreignKind, type Place, type Recipe } from './compared.ts'

/** The kind, as it is by default. */
export const jetstreamKind: ComparedKind = kind('jetstream', '')

const synced = kind('jetstream-sync', '  sync_interval: always\n')

/** The kind that syncs before it answers. */
export const jetstreamSyncKind: ComparedKind = {
  ...synced,
  missing: () => {
    const sentence = synced.missing()
    if (sentence !== undefined) return sentence
    const version = installedVersion()
    return isAtLeast(version, [2, 10])
      ? undefined
      : `jetstream-sync is skipped: nats-server ${version} can't sync before it answers ("sync_interval: always" came with 2.10)`
  },
}

function kind(name: string, settings: string): ComparedKind {
  const recipe: Recipe = {
    name,
    wire: 'jetstream',
    program: 'nats-server',
    packageName: 'nats-server',
    files: (place) => ({ 'nats.conf': configuration(place, settings) }),
    args: ({ folder }) => ['-c', `${folder}/nats.conf`],
  }
  return foreignKind(recipe, 'plain')
}

function configuration({ folder, port, accounts }: Place, settings: string): string {
  return [
    'host: "127.0.0.1"',
    `port: ${port}`,
    'jetstream {',
    `  store_dir: "${folder}/store"`,
    `${settings}}`,
    'authorization {',
    '  users: [',
    ...accounts.map(({ userId, password }) => `    { user: "${userId}", password: "${password}" }`),
    '  ]',
    '}',
    '',
  ].join('\n')
}

function installedVersion(): string {
  try {
    const text = execFileSync(findProgram('nats-server') ?? 'nats-server', ['--version'], { encoding: 'utf8' })
    return /\d+\.\d+\.\d+/.exec(text)?.[0] ?? '0.0.0'
  } catch {
    return '0.0.0'
  }
}

/** Whether a version is at least that of two numbers. */
export function isAtLeast(version: string, least: readonly [number, number]): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > least[0] || (major === least[0] && minor >= least[1])
}
