/** The works of a comparison as cases of the benchmark. Pure. */
import type { Settings } from '../options.ts'
import { broadcastCases } from '../scenarios/broadcast.ts'
import { connectCases } from '../scenarios/connect.ts'
import { everyoneCases } from '../scenarios/everyone.ts'
import { idleCases, returningCases } from '../scenarios/idle.ts'
import { latencyCases } from '../scenarios/latency.ts'
import { drainCase, storingCase } from '../scenarios/offline.ts'
import { reconnectCases } from '../scenarios/reconnect.ts'
import type { Case } from '../scenarios/scenario.ts'
import { throughputCases } from '../scenarios/throughput.ts'
import type { CompareOptions, WorkName } from './options.ts'

/** A case that every server runs, and what Parley alone runs to be shown beside it. */
export interface ComparedCase {
  readonly main: Case
  readonly variants: readonly { readonly label: string; readonly case: Case }[]
}

const everyone = { users: 200, inFlight: 3200, share: 0.8, popular: 0.2 }
const broadcast = { receivers: 500, inFlight: 8 }
/** Servers of XMPP know rooms, but no topic that one publishes to without being a member of a conversation. */
const withoutBroadcast: readonly string[] = ['ejabberd', 'prosody']

/** Those that are set up to keep messages for who is away, and are compared by nothing else. */
const storingServers: readonly string[] = [
  'jetstream',
  'jetstream-sync',
  'mosquitto-qos1',
  'ejabberd-offline',
  'prosody-offline',
]

/** Whether a server takes part in any of these cases. */
export function takesPart(name: string, cases: readonly ComparedCase[]): boolean {
  return cases.some(({ main }) => main.fits?.(name) ?? true)
}

function canStore(name: string): boolean {
  return name === 'parley' || storingServers.includes(name)
}

/** Those that only forward; the rest are the same servers in other clothes. */
function forwards(name: string): boolean {
  return !storingServers.includes(name)
}

/** Fetching needs a client that acknowledges; those of XMPP here are not asked to. */
function canFetch(name: string): boolean {
  return canStore(name) && !name.endsWith('-offline')
}

/** Settings of the benchmark for a comparison. */
export function settingsOf(options: CompareOptions): Settings {
  return {
    scenarios: [],
    pairs: 50,
    size: 128,
    windows: options.windows,
    rate: 5000,
    seconds: options.seconds,
    warmupSeconds: options.warmupSeconds,
    rounds: options.rounds,
    idle: options.clients,
    logins: 100,
    from: 'set',
    callback: false,
    generators: options.generators,
    servers: [],
    running: undefined,
    profileFolder: undefined,
    json: false,
  }
}

/** The cases in the order in which they run. */
export function comparedCases(options: CompareOptions): ComparedCase[] {
  const settings = settingsOf(options)
  const makers: Record<WorkName, () => ComparedCase[]> = {
    throughput: () =>
      options.windows.flatMap((window) => {
        const one = { ...settings, windows: [window] }
        const variants = [
          ...variant('FromUserId absent', { ...one, from: 'absent' }),
          ...variant('with answers', { ...one, callback: true }),
        ]
        return throughputCases(one).map((main) => ({ main: { ...main, fits: forwards }, variants }))
      }),
    everyone: () => forAll(everyoneCases(settings, everyone)),
    latency: () => forAll(latencyCases(settings)),
    broadcast: () =>
      broadcastCases(settings, broadcast).map((main) => ({
        main: { ...main, fits: (name) => forwards(name) && !withoutBroadcast.includes(name) },
        variants: [],
      })),
    connect: () => {
      if (options.security === 'sealed') return forAll(connectCases({ connect: storm, security: 'sealed' }))
      const title = `${settings.idle} clients connect and log in (Parley: by token), 100 at a time, and stay idle`
      const scenario = 'connect'
      return forAll([
        ...idleCases(settings).map((one) => ({ ...one, scenario, title })),
        ...returningCases(settings).map((one) => ({
          ...one,
          scenario,
          title: `${title}; as many have come and gone before`,
        })),
      ])
    },
    reconnect: () => forAll(reconnectCases(options.clients)),
    offline: () => [
      {
        main: { ...storingCase(settings, false), fits: canStore },
        variants: [{ label: 'with ClientMsgId', case: storingCase(settings, true) }],
      },
      { main: { ...drainCase(settings, options.stored), fits: canFetch }, variants: [] },
    ],
  }
  const storm = { clients: options.clients, atOnce: 100 }
  return options.works.flatMap((work) => makers[work]())
}

/** Open files that a work needs at most, in one process. */
export function filesNeeded(work: WorkName, options: CompareOptions): number {
  const clients: Record<WorkName, number> = {
    throughput: 100,
    everyone: everyone.users,
    latency: 100,
    broadcast: broadcast.receivers + 1,
    connect: options.clients,
    reconnect: options.clients + 40,
    offline: 150,
  }
  return clients[work] + 300
}

function forAll(cases: readonly Case[]): ComparedCase[] {
  return cases.map((main) => ({ main: { ...main, fits: forwards }, variants: [] }))
}

/** The same work with other settings, on Parley alone. */
function variant(label: string, settings: Settings): ComparedCase['variants'] {
  return throughputCases(settings).map((one) => ({
    label,
    case: {
      ...one,
      name: `${one.name}, ${label}`,
      fits: (name) => name === 'parley',
      run: (server, bench) => one.run(server, { ...bench, settings }),
    },
  }))
}
