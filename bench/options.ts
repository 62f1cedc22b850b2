/** The command line of the benchmark: what may be asked for, its defaults and its bounds. Pure. */
import { parseArgs } from 'node:util'
import {
  type Range,
  readChoice,
  readFrom,
  readNames,
  readNumber,
  readNumbers,
  readOnly,
  readSweep,
  readUrl,
} from './option-values.ts'

/** The scenarios, in the order in which they run. */
export const scenarioNames = [
  'throughput',
  'latency',
  'logins',
  'idle',
  'broadcast',
  'connect',
  'mixed',
  'growth',
  'offline',
] as const

/** The name of a scenario. */
export type ScenarioName = (typeof scenarioNames)[number]

/** The servers, in the order of their turns. */
export const serverNames = ['floor', 'plain', 'parley'] as const

/** The name of a server: `plain` is Parley in plain sessions, beside itself in secured ones. */
export type ServerName = (typeof serverNames)[number]

/** How sessions are secured: `signed` is plain sessions with messages signed by keys, `hs256` sealed ones with messages signed by the session. */
export const securityLevels = ['plain', 'sealed', 'signed', 'hs256'] as const

/** A level of security. */
export type SecurityLevel = (typeof securityLevels)[number]

/** What the cases work with. */
export interface Settings {
  readonly scenarios: readonly ScenarioName[]
  /** Senders, each with a receiver of its own. */
  readonly pairs: number
  /** Characters of a text. */
  readonly size: number
  /** Messages in flight per sender; each value is a case of its own. */
  readonly windows: readonly number[]
  /** Messages per second in all, for latency and growth. */
  readonly rate: number
  readonly seconds: number
  readonly warmupSeconds: number
  readonly rounds: number
  /** Idle connections, for memory. */
  readonly idle: number
  /** Clients that log in at the same time. */
  readonly logins: number
  /** Whether senders name themselves in `FromUserId`. */
  readonly from: 'set' | 'absent'
  /** Whether senders ask for answers. */
  readonly callback: boolean
  /** Processes that generate load. */
  readonly generators: number
  /** The servers that take turns. */
  readonly servers: readonly ServerName[]
  /** A server that runs already; without it the benchmark starts its own. */
  readonly running: RunningTarget | undefined
  /** Where servers that are started here leave a CPU profile of each thread. */
  readonly profileFolder: string | undefined
  readonly json: boolean
}

/** What to measure, and how. */
export interface RunSettings extends Settings {
  readonly broadcast: {
    readonly receivers: number
    /** Broadcasts on their way at a time. */
    readonly inFlight: number
  }
  /** The storm. */
  readonly connect: { readonly clients: number; readonly atOnce: number }
  readonly mixed: { readonly users: number; readonly rate: number }
  /** Connections; each value is a case of its own. */
  readonly growth: readonly number[]
  /** Messages that are stored, and then fetched. */
  readonly stored: number
  readonly security: SecurityLevel
  /** Messages that are signed before a round of `signed` or `hs256` begins. */
  readonly signedMessages: number
  /** How messages are written. */
  readonly codec: 'json'
  /** One setting of the server with the values that take turns, instead of several servers. */
  readonly sweep: Sweep | undefined
}

/** A setting of the server by its name in the environment, and its values. */
export interface Sweep {
  readonly setting: string
  readonly values: readonly string[]
}

/** A server that somebody else started, with users that exist there or are made for the run. */
export interface RunningTarget {
  readonly host: string
  readonly port: number
  /** Users are named by it and a number of five digits, from `00000`. */
  readonly userPrefix: string
  readonly passwordFile: string | undefined
  /** Its data directory, in which its control socket is. */
  readonly dataDir: string | undefined
  /** Its process on this machine, for CPU and memory. */
  readonly pid: number | undefined
}

/** Where results go besides the standard output. */
export interface OutputFiles {
  readonly json: string | undefined
  readonly html: string | undefined
}

/** What the command line asks for. */
export type Request =
  | { readonly kind: 'run'; readonly settings: RunSettings; readonly files: OutputFiles }
  | { readonly kind: 'compare'; readonly results: readonly string[]; readonly html: string | undefined }
  | { readonly kind: 'accounts'; readonly count: number; readonly userPrefix: string; readonly passwordFile: string }
  | { readonly kind: 'help' }
  | { readonly kind: 'fault'; readonly faults: readonly string[] }

/** The shortest text that holds the sender's and the message's number. */
export const sizeMin = 20
/** Some ten seconds of signing on two cores, and two of making MACs. */
const signedMessagesUsual: Readonly<Record<SecurityLevel, number>> = {
  plain: 40_000,
  sealed: 40_000,
  signed: 40_000,
  hs256: 400_000,
}
/** A day at the usual rate would be busy; most users are quiet. */
const mixedRate = 2000

const optionTable = {
  scenario: { type: 'string' },
  pairs: { type: 'string' },
  size: { type: 'string' },
  window: { type: 'string' },
  rate: { type: 'string' },
  seconds: { type: 'string' },
  warmup: { type: 'string' },
  rounds: { type: 'string' },
  idle: { type: 'string' },
  logins: { type: 'string' },
  receivers: { type: 'string' },
  broadcasts: { type: 'string' },
  clients: { type: 'string' },
  'at-once': { type: 'string' },
  users: { type: 'string' },
  connections: { type: 'string' },
  stored: { type: 'string' },
  from: { type: 'string' },
  callback: { type: 'boolean' },
  security: { type: 'string' },
  messages: { type: 'string' },
  codec: { type: 'string' },
  generators: { type: 'string' },
  servers: { type: 'string' },
  sweep: { type: 'string' },
  'cpu-prof': { type: 'string' },
  json: { type: 'boolean' },
  out: { type: 'string' },
  html: { type: 'string' },
  compare: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  url: { type: 'string' },
  'data-dir': { type: 'string' },
  'user-prefix': { type: 'string' },
  'password-file': { type: 'string' },
  pid: { type: 'string' },
  'print-accounts': { type: 'string' },
} as const

type Values = ReturnType<typeof parse>['values']

type NumberName = {
  [Name in keyof typeof optionTable]: (typeof optionTable)[Name]['type'] extends 'string' ? Name : never
}[keyof typeof optionTable]

/** Reads the command line (without node and script); `cores` are the machine's. Names all faults at once. */
export function readOptions(args: readonly string[], cores: number): Request {
  let parsed: ReturnType<typeof parse>
  try {
    parsed = parse(args)
  } catch (error) {
    return { kind: 'fault', faults: [error instanceof Error ? error.message : String(error)] }
  }
  const { values, positionals } = parsed
  if (values.help === true) return { kind: 'help' }
  if (values.compare === true) return readCompare(values, positionals)
  const stranger = positionals.find((name) => !scenarioNames.some((known) => name.split(',').includes(known)))
  if (stranger !== undefined) {
    return {
      kind: 'fault',
      faults: [`"${stranger}" is neither an option nor a scenario; files are named behind --compare only`],
    }
  }
  if (values['print-accounts'] !== undefined) return readAccounts(values)
  const named = [values.scenario ?? [], positionals].flat().join(',')
  return readRun(named === '' ? values : { ...values, scenario: named }, cores)
}

function parse(args: readonly string[]) {
  return parseArgs({ args: [...args], options: optionTable, strict: true, allowPositionals: true })
}

function readCompare(values: Values, results: readonly string[]): Request {
  if (results.length >= 2) return { kind: 'compare', results, html: values.html }
  return { kind: 'fault', faults: ['--compare needs two result files or more, as --out writes them'] }
}

function readAccounts(values: Values): Request {
  const faults: string[] = []
  const range = { default: 0, min: 1, max: 100_000 }
  const count = readNumber('print-accounts', values['print-accounts'], range, faults)
  const passwordFile = values['password-file']
  if (passwordFile === undefined) faults.push('--print-accounts needs --password-file, the password of all of them')
  if (faults.length > 0) return { kind: 'fault', faults }
  return { kind: 'accounts', count, userPrefix: values['user-prefix'] ?? 'bench-', passwordFile: passwordFile ?? '' }
}

function readRun(values: Values, cores: number): Request {
  const faults: string[] = []
  const number = (name: NumberName, range: Range): number => readNumber(name, values[name], range, faults)
  const sweep = readSweep(values.sweep, faults)
  if (sweep !== undefined && values.url !== undefined) {
    faults.push('--sweep starts servers of its own, so there can be no --url beside it')
  }
  const usual: readonly ScenarioName[] =
    sweep === undefined
      ? scenarioNames.filter((name) => name !== 'growth' && name !== 'offline')
      : ['throughput', 'logins']
  const security = readChoice('security', values.security, securityLevels, faults)
  const settings: RunSettings = {
    scenarios: readScenarios(values.scenario, { security, usual }, faults),
    pairs: number('pairs', { default: 50, min: 1, max: 10_000 }),
    size: number('size', { default: 128, min: sizeMin, max: 65_536 }),
    windows: readNumbers('window', values.window ?? (sweep === undefined ? '64,1' : '64'), upTo(10_000), faults),
    rate: number('rate', { default: 5000, min: 1, max: 1_000_000 }),
    seconds: number('seconds', { default: 3, min: 1, max: 600 }),
    warmupSeconds: number('warmup', { default: 1, min: 0, max: 60 }),
    rounds: number('rounds', { default: 3, min: 1, max: 50 }),
    idle: number('idle', { default: 2000, min: 1, max: 50_000 }),
    logins: number('logins', { default: 32, min: 1, max: 1000 }),
    broadcast: {
      receivers: number('receivers', { default: 500, min: 1, max: 50_000 }),
      inFlight: number('broadcasts', { default: 8, min: 1, max: 1000 }),
    },
    connect: {
      clients: number('clients', { default: 2000, min: 1, max: 50_000 }),
      atOnce: number('at-once', { default: 100, min: 1, max: 10_000 }),
    },
    mixed: {
      users: number('users', { default: 1000, min: 20, max: 50_000 }),
      rate: values.rate === undefined ? mixedRate : number('rate', { default: mixedRate, min: 1, max: 1_000_000 }),
    },
    growth: readNumbers('connections', values.connections ?? '100,1000,10000', { ...upTo(50_000), min: 2 }, faults),
    stored: number('stored', { default: 100_000, min: 50, max: 1_000_000 }),
    from: readFrom(values.from, faults),
    callback: values.callback === true,
    security,
    signedMessages: number('messages', { default: signedMessagesUsual[security], min: 1000, max: 2_000_000 }),
    codec: readOnly('codec', values.codec, 'json', faults),
    generators: number('generators', { default: Math.max(1, Math.floor(cores / 4)), min: 1, max: 64 }),
    servers: readServers(values.servers, security, faults),
    sweep,
    running: readUrl(values.url, faults, {
      userPrefix: values['user-prefix'] ?? 'bench-',
      passwordFile: values['password-file'],
      dataDir: values['data-dir'],
      pid: values.pid === undefined ? undefined : number('pid', { default: 0, min: 1, max: 2 ** 31 }),
    }),
    profileFolder: values['cpu-prof'],
    json: values.json === true,
  }
  if (faults.length > 0) return { kind: 'fault', faults: [...new Set(faults)] }
  return { kind: 'run', settings, files: { json: values.out, html: values.html } }
}

/** Signed messages have to be made before they are measured, so there is a work of their own for them, and no other. */
function readScenarios(
  text: string | undefined,
  choice: { readonly security: SecurityLevel; readonly usual: readonly ScenarioName[] },
  faults: string[],
): readonly ScenarioName[] {
  const isSigned = choice.security === 'signed' || choice.security === 'hs256'
  const usual: readonly ScenarioName[] = isSigned ? ['throughput'] : choice.usual
  const names = readNames('scenario', text, { known: scenarioNames, usual }, faults)
  if (isSigned && names.some((name) => name !== 'throughput')) {
    faults.push(`--security ${choice.security} measures throughput and nothing else`)
  }
  return names
}

/** Beside plain sessions stands the floor, beside sealed ones stand plain ones, and beside signatures their check alone. */
function readServers(text: string | undefined, security: SecurityLevel, faults: string[]): readonly ServerName[] {
  const known: Record<SecurityLevel, readonly ServerName[]> = {
    plain: ['floor', 'parley'],
    sealed: ['plain', 'parley'],
    signed: ['parley'],
    hs256: ['parley'],
  }
  return readNames('servers', text, { known: known[security], usual: known[security] }, faults)
}

function upTo(max: number): Range {
  return { default: 1, min: 1, max }
}
