/** Rules between settings: what each may be alone is in `settings.ts`. */
import { delimitersProblem } from '../protocol/delimiters.ts'
import { limits } from './limits.ts'
import { variableOf } from './setting-names.ts'
import type { SettingName, Settings } from './settings.ts'

/** A rule that is broken, and the settings that take part. */
export interface CrossProblem {
  readonly names: readonly SettingName[]
  readonly message: string
}

/** One rule: looks at some settings, and says what is wrong. */
interface Rule {
  readonly names: readonly SettingName[]
  readonly problem: (settings: Settings) => string | undefined
}

const rules: readonly Rule[] = [
  {
    names: ['startByte', 'endByte', 'charset'],
    problem: ({ startByte, endByte, charset }) => delimitersProblem({ start: startByte, end: endByte }, charset),
  },
  {
    names: ['port', 'wsPort'],
    problem: ({ port, wsPort }) =>
      port === wsPort && port !== 0 ? `the two listeners need two ports, and both are ${port}` : undefined,
  },
  {
    names: ['poolMinThreads', 'poolMaxThreads'],
    problem: ({ poolMinThreads, poolMaxThreads }) =>
      poolMinThreads > poolMaxThreads
        ? `the least number of threads (${poolMinThreads}) is above the most (${poolMaxThreads})`
        : undefined,
  },
  {
    names: ['frameBytesMax', 'outputBytesMax'],
    problem: ({ frameBytesMax, outputBytesMax }) =>
      outputBytesMax < frameBytesMax
        ? `a client's output (${outputBytesMax} bytes) must have room for one frame (${frameBytesMax} bytes)`
        : undefined,
  },
  {
    names: ['argon2MemoryKib', 'argon2Passes'],
    problem: ({ argon2MemoryKib, argon2Passes }) =>
      argon2MemoryKib * argon2Passes > limits.argon2WorkKibMax.value
        ? `memory times passes (${argon2MemoryKib * argon2Passes}) must be at most ${limits.argon2WorkKibMax.value}`
        : undefined,
  },
  {
    names: ['minSecurity', 'host', 'insecure'],
    problem: ({ minSecurity, host, insecure }) =>
      minSecurity !== 'plain' || insecure || isLoopback(host)
        ? undefined
        : `other machines can connect to ${host}, and in plain sessions passwords can be read on the way: take sealed, or --insecure on a trusted network or behind TLS`,
  },
]

/**
 * Finds the broken rules among settings.
 *
 * @param settings those that could be read; a rule that needs another one is left out
 */
export function crossProblems(settings: Partial<Settings>): CrossProblem[] {
  const problems: CrossProblem[] = []
  for (const { names, problem } of rules) {
    if (names.some((name) => settings[name] === undefined)) continue
    const message = problem(settings as Settings)
    if (message !== undefined) problems.push({ names, message: `${names.map(variableOf).join(', ')}: ${message}` })
  }
  return problems
}

/** What is allowed and probably not meant. */
export function crossWarnings(settings: Settings): string[] {
  const warnings: string[] = []
  if (!isLoopback(settings.host)) {
    if (!requiresSealing(settings)) {
      warnings.push(
        `${variableOf('host')}=${settings.host} lets other machines connect, and sessions may be plain: passwords can be read on the way. Use a trusted network or put TLS in front.`,
      )
    }
    if (settings.selfRegistration) {
      warnings.push(`${variableOf('selfRegistration')}=on: whoever can reach the server can make accounts.`)
    }
  }
  if (settings.suites.includes(3)) {
    warnings.push(
      `${variableOf('suites')} has 3: a session of that suite can be read by whoever recorded it and steals the keys later. Leave it out as soon as no client needs it.`,
    )
  }
  if (settings.loginWaitMs < settings.poolTaskTimeoutMs) {
    warnings.push(
      `${variableOf('loginWaitMs')} is shorter than ${variableOf('poolTaskTimeoutMs')}: logins give up before a worker that hangs is replaced.`,
    )
  }
  return warnings
}

/** Whether sessions must be sealed. Where signatures are required and only this machine can connect, they need not be. */
export function requiresSealing({
  minSecurity,
  host,
  insecure,
}: Pick<Settings, 'minSecurity' | 'host' | 'insecure'>): boolean {
  return minSecurity === 'sealed' || (minSecurity === 'signed' && !isLoopback(host) && !insecure)
}

/** Whether only this machine can reach an address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}
