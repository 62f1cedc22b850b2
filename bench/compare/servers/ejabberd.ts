/**
 * ejabberd: accounts in its own database, no shaper, and no modules but those that a work needs. Runs without
 * `ejabberdctl`, which would start a daemon of its own.
 */
import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { WireName } from '../../generator/wires/wire.ts'
import { xmppHost } from '../../generator/wires/xmpp.ts'
import type { CompareSecurity } from '../options.ts'
import {
  type ComparedKind,
  findProgram,
  foreignKind,
  type Place,
  type Recipe,
  runProgram,
  tlsFiles,
} from './compared.ts'

const libraryFolder = findLibraries('/usr/lib')
const common = `hosts: [${xmppHost}]
loglevel: error
auth_method: internal
`

/** The kind that only routes. */
export const ejabberdKind = (security: CompareSecurity): ComparedKind =>
  kind({ name: 'ejabberd', wire: 'xmpp', modules: 'modules: {}\n' }, security)

/** The kind that keeps messages for who is away, without a limit, in its own database, which syncs now and then. */
export const ejabberdOfflineKind: ComparedKind = kind(
  {
    name: 'ejabberd-offline',
    wire: 'xmpp-offline',
    modules: `shaper_rules:
  any_number: infinity
modules:
  mod_offline:
    access_max_user_messages: any_number
  mod_stream_mgmt: {}
`,
  },
  'plain',
)

function kind(
  { name, wire, modules }: { readonly name: string; readonly wire: WireName; readonly modules: string },
  security: CompareSecurity,
): ComparedKind {
  const recipe: Recipe = {
    name,
    wire,
    program: 'erl',
    packageName: 'ejabberd',
    files: (place) => ({
      'ejabberd.yml': `${common}${modules}${certificateLines(place)}listen:\n${listener(place)}`,
      'register.yml': `${common}modules: {}\nlisten: []\n`,
      'accounts.term': `${place.accounts.map(({ userId, password }) => `{<<"${userId}">>, <<"${password}">>}.\n`).join('')}`,
    }),
    args: (place) => [...machineArgs(place), '-s', 'ejabberd'],
    environment: (place) => environment(place, 'ejabberd.yml'),
    prepare: async (place) => {
      await runProgram('erl', [...machineArgs(place), '-eval', registration(place)], {
        folder: place.folder,
        environment: environment(place, 'register.yml'),
      })
    },
  }
  return {
    ...foreignKind(recipe, security),
    missing: () =>
      findProgram('erl') === undefined || libraryFolder === undefined
        ? `${name} is skipped: install it with "apt-get install ejabberd"`
        : undefined,
  }
}

function certificateLines({ folder, isSecured }: Place): string {
  return isSecured ? `certfiles:\n  - "${folder}/${tlsFiles.both}"\n` : ''
}

function listener({ port, isSecured }: Place): string {
  return `  - port: ${port}
    ip: "127.0.0.1"
    module: ejabberd_c2s
    ${isSecured ? 'tls: true' : 'starttls: false'}
    access: all
    shaper: none
    backlog: 1024
`
}

/** What `ejabberdctl` gives the virtual machine, but for the name of a node in a cluster. */
function machineArgs({ folder }: Place): string[] {
  return ['-noinput', '+K', 'true', '+P', '250000', '-mnesia', 'dir', `"${resolve(folder)}/database"`]
}

function environment({ folder }: Place, configuration: string): NodeJS.ProcessEnv {
  return {
    ERL_LIBS: libraryFolder ?? '',
    ERL_MAX_PORTS: '32000',
    HOME: folder,
    EJABBERD_CONFIG_PATH: `${folder}/${configuration}`,
    EJABBERD_LOG_PATH: `${folder}/ejabberd.log`,
  }
}

function registration({ folder }: Place): string {
  return `{ok, _} = application:ensure_all_started(ejabberd),
    {ok, Accounts} = file:consult("${folder}/accounts.term"),
    [ok = ejabberd_auth:try_register(User, <<"${xmppHost}">>, Password) || {User, Password} <- Accounts],
    init:stop().`
}

/** Where the package keeps its code, which depends on the architecture. */
function findLibraries(folder: string): string | undefined {
  const places = list(folder).map((name) => join(folder, name))
  return places.find((place) => list(place).some((name) => name.startsWith('ejabberd-')))
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
