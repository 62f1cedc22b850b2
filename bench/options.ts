/** The command line of the benchmark: what may be asked for, its defaults and its bounds. Pure. */
import { parseArgs } from 'node:util'

/** The scenarios, in the order in which they run. */
export const scenarioNames = ['throughput', 'latency', 'logins', 'idle'] as const

/** The name of a scenario. */
export type ScenarioName = (typeof scenarioNames)[number]

/** The servers, in the order of their turns. */
export const serverNames = ['floor', 'parley'] as const

/** The name of a server. */
export type ServerName = (typeof serverNames)[number]

/** What to measure, and how. */
export interface Settings {
  readonly scenarios: readonly ScenarioName[]
  /** Senders, each with a receiver of its own. */
  readonly pairs: number
  /** Characters of a text. */
  readonly size: number
  /** Messages in flight per sender; each value is a case of its own. */
  readonly windows: readonly number[]
  /** Messages per second in all, for latency. */
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

/** A server that somebody else started, with users that exist there. */
export interface RunningTarget {
  readonly host: string
  readonly port: number
  /** Users are named by it and a number of five digits, from `00000`. */
  readonly userPrefix: string
  readonly passwordFile: string
  /** Its process on this machine, for CPU and memory. */
  readonly pid: number | undefined
}

/** What the command line asks for. */
export type Request =
  | { readonly kind: 'run'; readonly settings: Settings }
  | { readonly kind: 'accounts'; readonly count: number; readonly userPrefix: string; readonly passwordFile: string }
  | { readonly kind: 'help' }
  | { readonly kind: 'fault'; readonly faults: readonly string[] }

/** The shortest text that holds the sender's and the message's number. */
export const sizeMin = 20

/** What `--help` prints. */
export const helpText = `Usage: npm run bench -- [options]

Starts a server, lets logged-in users work on it, and measures. Every message is checked: the exit code is
1 when one was lost, doubled, out of order or foreign. A table goes to standard output, progress to standard error.

Scenarios (--scenario a,b; default: all)
  throughput   messages per second with a fixed number in flight per sender (sent and not yet arrived)
  latency      time to delivery at a fixed rate, from the moment when each message was to be sent
  logins       logins per second, by password and by token
  idle         memory of the server per idle connection

Options
  --pairs N        senders, each with its own receiver (50)
  --size N         characters of a text (128)
  --window N[,N]   messages in flight per sender, each a case (64,1)
  --rate N         messages per second in all, for latency (5000)
  --seconds N      time measured per case and round (3)
  --warmup N       time before that (1)
  --rounds N       rounds, in which the servers take turns; the table shows medians (3)
  --idle N         idle connections (2000)
  --logins N       clients that log in at the same time (32)
  --from WHICH     set: senders name themselves in FromUserId; absent: the server does (set)
  --callback       senders ask for an answer to every message
  --generators N   processes that make the load (1 for up to 4 cores)
  --servers A,B    who takes turns: parley, and floor, the least that Node can do (floor,parley)
  --cpu-prof DIR   servers leave a CPU profile of each thread there
  --json           one JSON document instead of the table
  --help           this text

A server that runs already (on this machine only)
  --url parley://HOST:PORT   measure it instead of one of our own
  --user-prefix TEXT         its users are TEXT00000, TEXT00001, … (bench-)
  --password-file FILE       the password that they share
  --pid N                    its process, for CPU and memory
  --print-accounts N         only print N such users as JSON lines for "parley user import -"; needs --password-file

Examples
  npm run bench -- --scenario throughput --window 64 --rounds 1
  npm run bench -- --print-accounts 200 --password-file pw | npx parley user import -
  npm run bench -- --url parley://127.0.0.1:7700 --password-file pw --json > result.json
`

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
  from: { type: 'string' },
  callback: { type: 'boolean' },
  generators: { type: 'string' },
  servers: { type: 'string' },
  'cpu-prof': { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  url: { type: 'string' },
  'user-prefix': { type: 'string' },
  'password-file': { type: 'string' },
  pid: { type: 'string' },
  'print-accounts': { type: 'string' },
} as const

/** Reads the command line (without node and script); `cores` are the machine's. Names all faults at once. */
export function readOptions(args: readonly string[], cores: number): Request {
  let values: ReturnType<typeof parse>
  try {
    values = parse(args)
  } catch (error) {
    return { kind: 'fault', faults: [error instanceof Error ? error.message : String(error)] }
  }
  if (values.help === true) return { kind: 'help' }
  const faults: string[] = []
  const number = (name: NumberName, range: Range): number => readNumber(name, values[name], range, faults)
  const userPrefix = values['user-prefix'] ?? 'bench-'
  const passwordFile = values['password-file']

  if (values['print-accounts'] !== undefined) {
    const count = number('print-accounts', { default: 0, min: 1, max: 100_000 })
    if (passwordFile === undefined) faults.push('--print-accounts needs --password-file, the password of all of them')
    if (faults.length > 0) return { kind: 'fault', faults }
    return { kind: 'accounts', count, userPrefix, passwordFile: passwordFile ?? '' }
  }

  const settings: Settings = {
    scenarios: readNames('scenario', values.scenario, scenarioNames, faults),
    pairs: number('pairs', { default: 50, min: 1, max: 10_000 }),
    size: number('size', { default: 128, min: sizeMin, max: 65_536 }),
    windows: readWindows(values.window, faults),
    rate: number('rate', { default: 5000, min: 1, max: 1_000_000 }),
    seconds: number('seconds', { default: 3, min: 1, max: 600 }),
    warmupSeconds: number('warmup', { default: 1, min: 0, max: 60 }),
    rounds: number('rounds', { default: 3, min: 1, max: 50 }),
    idle: number('idle', { default: 2000, min: 1, max: 50_000 }),
    logins: number('logins', { default: 32, min: 1, max: 1000 }),
    from: readFrom(values.from, faults),
    callback: values.callback === true,
    generators: number('generators', { default: Math.max(1, Math.floor(cores / 4)), min: 1, max: 64 }),
    servers: readNames('servers', values.servers, serverNames, faults),
    running: readUrl(values.url, faults, {
      userPrefix,
      passwordFile,
      pid: values.pid === undefined ? undefined : number('pid', { default: 0, min: 1, max: 2 ** 31 }),
    }),
    profileFolder: values['cpu-prof'],
    json: values.json === true,
  }
  return faults.length > 0 ? { kind: 'fault', faults } : { kind: 'run', settings }
}

function parse(args: readonly string[]) {
  return parseArgs({ args: [...args], options: optionTable, strict: true, allowPositionals: false }).values
}

type NumberName =
  | 'pairs'
  | 'size'
  | 'rate'
  | 'seconds'
  | 'warmup'
  | 'rounds'
  | 'idle'
  | 'logins'
  | 'generators'
  | 'pid'
  | 'print-accounts'

interface Range {
  readonly default: number
  readonly min: number
  readonly max: number
}

function readNumber(name: string, text: string | undefined, range: Range, faults: string[]): number {
  if (text === undefined) return range.default
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (value >= range.min && value <= range.max) return value
  faults.push(`--${name} must be a whole number from ${range.min} to ${range.max}, not "${text}"`)
  return range.default
}

function readWindows(text: string | undefined, faults: string[]): number[] {
  const parts = (text ?? '64,1').split(',')
  return parts.map((part) => readNumber('window', part, { default: 1, min: 1, max: 10_000 }, faults))
}

function readNames<Name extends string>(
  option: string,
  text: string | undefined,
  known: readonly Name[],
  faults: string[],
): Name[] {
  if (text === undefined) return [...known]
  const asked = text.split(',')
  for (const name of asked) {
    if (!known.some((one) => one === name))
      faults.push(`--${option} "${name}" does not exist; there are ${known.join(', ')}`)
  }
  return known.filter((one) => asked.includes(one))
}

function readFrom(text: string | undefined, faults: string[]): 'set' | 'absent' {
  if (text === undefined || text === 'set' || text === 'absent') return text ?? 'set'
  faults.push(`--from must be "set" or "absent", not "${text}"`)
  return 'set'
}

function readUrl(
  text: string | undefined,
  faults: string[],
  rest: { userPrefix: string; passwordFile: string | undefined; pid: number | undefined },
): RunningTarget | undefined {
  if (text === undefined) return undefined
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || url.protocol !== 'parley:' || url.port === '') {
    faults.push(`--url must be like parley://127.0.0.1:7700, not "${text}"`)
    return undefined
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  if (!isLoopback(host)) {
    faults.push(`--url must name this machine (127.0.0.1, ::1 or localhost), not "${host}": load is not sent to others`)
  }
  if (rest.passwordFile === undefined) faults.push('--url needs --password-file, the password that its users share')
  return {
    host,
    port: Number(url.port),
    userPrefix: rest.userPrefix,
    passwordFile: rest.passwordFile ?? '',
    pid: rest.pid,
  }
}

/** Whether a host of a URL is this machine without asking the network. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host)
}
