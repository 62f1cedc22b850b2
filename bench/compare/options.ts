/** The command line of the comparison: what may be asked for, its defaults and its bounds. Pure. */
import { parseArgs } from 'node:util'
import { readChoice } from '../option-values.ts'

/** The servers, in the order of their turns. */
export const serverNames = [
  'floor',
  'nats',
  'jetstream',
  'jetstream-sync',
  'mosquitto',
  'mosquitto-qos1',
  'redis',
  'ejabberd',
  'ejabberd-offline',
  'prosody',
  'prosody-offline',
  'socket.io',
  'parley',
] as const

/** The name of a server. */
export type ServerName = (typeof serverNames)[number]

/** How clients come: in plain text, or Parley's in sealed sessions and those of the others by TLS. */
export const compareSecurities = ['plain', 'sealed'] as const

/** How clients come. */
export type CompareSecurity = (typeof compareSecurities)[number]

/** The works, in the order in which they run. */
export const workNames = ['throughput', 'everyone', 'latency', 'broadcast', 'connect', 'reconnect', 'offline'] as const

/** The name of a work. */
export type WorkName = (typeof workNames)[number]

/** What to compare, and how long. */
export interface CompareOptions {
  readonly security: CompareSecurity
  readonly works: readonly WorkName[]
  readonly servers: readonly ServerName[]
  /** Whether the servers were named, so that one that is missing is no surprise. */
  readonly areServersNamed: boolean
  readonly rounds: number
  readonly seconds: number
  readonly warmupSeconds: number
  /** Messages in flight per sender; each value is a case of its own. */
  readonly windows: readonly number[]
  /** Clients that connect, and then stay idle. */
  readonly clients: number
  /** Stored messages that are fetched. */
  readonly stored: number
  /** Processes that generate load, where a work can be divided. */
  readonly generators: number
  /** Where the result goes as JSON. */
  readonly jsonFile: string | undefined
}

/** What the command line asks for. */
export type CompareRequest =
  | { readonly kind: 'run'; readonly options: CompareOptions }
  | { readonly kind: 'help' }
  | { readonly kind: 'fault'; readonly faults: readonly string[] }

/** What `--help` prints. */
export const helpText = `Usage: npm run bench:compare -- [works] [options]

Runs the same work on Parley and on other servers, in turns, and prints Parley's figures divided by theirs.
Every server is started here, on the loopback address, with accounts and a temporary folder of its own, and
ended afterwards. One that is not installed is skipped. The table goes to standard output, progress to standard error.
The exit code is 1 when a message was lost, doubled, out of order or foreign on Parley, or nothing could be measured.

Works (by name, or --only a,b; default: all; of sealed ones throughput, connect, reconnect)
  throughput   50 senders, each to a receiver of its own, with 64 and with 1 in flight per sender
  everyone     200 users, each to every other, 3,200 in flight, 80 % of the messages to 20 % of the users
  latency      the 50 pairs at 5,000 messages/s, from the moment when each message was to be sent
  broadcast    1 to 500
  connect      clients that connect and log in, 100 at a time; then memory per idle connection
               (sealed: by a full handshake, and by what the first session left to them)
  reconnect    sealed only: as many clients come back at once, while 20 pairs go on at 1,000 messages/s
  offline      50 senders with 64 in flight to receivers who are away, counted when the server has said that it
               has them; then as many as --stored are fetched and acknowledged by the receivers who come back

Servers (--servers a,b; default: all that are installed, prosody only in place of ejabberd)
  ${serverNames.join(', ')}

Options
  --security HOW   plain, or sealed: Parley's clients seal their sessions, those of the others come by TLS 1.3 (plain)
  --rounds N       rounds, in which the servers take turns; the table shows medians (3)
  --seconds N      time measured per work and round (3)
  --warmup N       time before that (1)
  --window N[,N]   messages in flight per sender, for throughput (64,1)
  --clients N      clients of "connect" and "reconnect" (2000)
  --stored N       stored messages of "offline" that are fetched (100000)
  --generators N   processes that make the load of "throughput" (1)
  --json FILE      write everything as JSON to a file as well
  --help           this text

Examples
  npm run bench:compare
  npm run bench:compare -- --only throughput,latency --servers nats,parley --rounds 5
`

const optionTable = {
  security: { type: 'string' },
  only: { type: 'string' },
  servers: { type: 'string' },
  rounds: { type: 'string' },
  seconds: { type: 'string' },
  warmup: { type: 'string' },
  window: { type: 'string' },
  clients: { type: 'string' },
  stored: { type: 'string' },
  generators: { type: 'string' },
  json: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const

/** Reads the command line (without node and script). Names all faults at once. */
export function readCompareOptions(args: readonly string[]): CompareRequest {
  const faults: string[] = []
  const parsed = parse(args, faults)
  if (parsed === undefined) return { kind: 'fault', faults }
  const { values, positionals } = parsed
  const only = positionals.length === 0 ? values.only : [values.only ?? [], positionals].flat().join(',')
  if (values.help === true) return { kind: 'help' }
  const number = (name: NumberName, range: Range): number => readNumber(name, values[name], range, faults)
  const security = readChoice('security', values.security, compareSecurities, faults)
  const options: CompareOptions = {
    security,
    works: readWorks(only, security, faults),
    servers: readServers(values.servers, security, faults),
    areServersNamed: values.servers !== undefined,
    rounds: number('rounds', { default: 3, min: 1, max: 50 }),
    seconds: number('seconds', { default: 3, min: 1, max: 600 }),
    warmupSeconds: number('warmup', { default: 1, min: 0, max: 60 }),
    windows: (values.window ?? '64,1')
      .split(',')
      .map((text) => readNumber('window', text, { default: 1, min: 1, max: 10_000 }, faults)),
    clients: number('clients', { default: 2000, min: 1, max: 9000 }),
    stored: number('stored', { default: 100_000, min: 50, max: 1_000_000 }),
    generators: number('generators', { default: 1, min: 1, max: 64 }),
    jsonFile: values.json,
  }
  return faults.length > 0 ? { kind: 'fault', faults } : { kind: 'run', options }
}

function readWorks(text: string | undefined, security: CompareSecurity, faults: string[]): WorkName[] {
  const works = readNames('only', text, workNames, faults)
  if (security === 'plain') {
    if (text !== undefined && works.includes('reconnect')) faults.push('--only reconnect needs --security sealed')
    return works.filter((name) => name !== 'reconnect')
  }
  return text === undefined ? ['throughput', 'connect', 'reconnect'] : works
}

/** The floor knows no security. */
function readServers(text: string | undefined, security: CompareSecurity, faults: string[]): ServerName[] {
  const servers = readNames('servers', text, serverNames, faults)
  return security === 'plain' ? servers : servers.filter((name) => name !== 'floor')
}

function parse(args: readonly string[], faults: string[]) {
  try {
    return parseArgs({ args: [...args], options: optionTable, strict: true, allowPositionals: true })
  } catch (error) {
    faults.push(error instanceof Error ? error.message : String(error))
    return undefined
  }
}

type NumberName = 'rounds' | 'seconds' | 'warmup' | 'clients' | 'stored' | 'generators'

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

function readNames<Name extends string>(
  option: string,
  text: string | undefined,
  known: readonly Name[],
  faults: string[],
): Name[] {
  if (text === undefined) return [...known]
  const asked = text.split(',')
  for (const name of asked) {
    if (!known.some((one) => one === name)) {
      faults.push(`--${option} "${name}" does not exist; there are ${known.join(', ')}`)
    }
  }
  return known.filter((one) => asked.includes(one))
}
