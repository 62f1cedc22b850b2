/** Reads single values of the command line. Each reader names its fault and goes on with a default. Pure. */
import { nearestName, variableOf } from '../src/config/setting-names.ts'
import { settingsShape } from '../src/config/settings.ts'
import type { RunningTarget, Sweep } from './options.ts'

/** What a number may be. */
export interface Range {
  readonly default: number
  readonly min: number
  readonly max: number
}

/** Values of a sweep. */
const sweepValuesMax = 32
/** What the benchmark sets itself. */
const notSwept: ReadonlySet<string> = new Set(['PARLEY_HOST', 'PARLEY_PORT', 'PARLEY_WS_PORT', 'PARLEY_DATA_DIR'])

/** A whole number within a range. */
export function readNumber(name: string, text: string | undefined, range: Range, faults: string[]): number {
  if (text === undefined) return range.default
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (value >= range.min && value <= range.max) return value
  faults.push(`--${name} must be a whole number from ${range.min} to ${range.max}, not "${text}"`)
  return range.default
}

/** Several such numbers with commas between them. */
export function readNumbers(name: string, text: string, range: Range, faults: string[]): number[] {
  return text.split(',').map((part) => readNumber(name, part, range, faults))
}

/** Names out of a list, in the order of that list; `usual` when nothing is asked for. */
export function readNames<Name extends string>(
  option: string,
  text: string | undefined,
  names: { readonly known: readonly Name[]; readonly usual: readonly Name[] },
  faults: string[],
): Name[] {
  if (text === undefined) return [...names.usual]
  const asked = text.split(',')
  for (const name of asked) {
    if (!names.known.some((one) => one === name))
      faults.push(`--${option} "${name}" does not exist; there are ${names.known.join(', ')}`)
  }
  return names.known.filter((one) => asked.includes(one))
}

/** Whether senders name themselves. */
export function readFrom(text: string | undefined, faults: string[]): 'set' | 'absent' {
  if (text === undefined || text === 'set' || text === 'absent') return text ?? 'set'
  faults.push(`--from must be "set" or "absent", not "${text}"`)
  return 'set'
}

/** One of several names; the first where nothing is asked for. */
export function readChoice<Name extends string>(
  option: string,
  text: string | undefined,
  names: readonly [Name, ...Name[]],
  faults: string[],
): Name {
  const found = names.find((name) => name === text)
  if (text !== undefined && found === undefined) {
    faults.push(`--${option} "${text}" does not exist; there are ${names.join(', ')}`)
  }
  return found ?? names[0]
}

/** A choice of which this version has only one. */
export function readOnly<Only extends string>(
  option: string,
  text: string | undefined,
  only: Only,
  faults: string[],
): Only {
  if (text !== undefined && text !== only) {
    faults.push(`--${option} "${text}" is not known to this version of the benchmark; there is "${only}" only`)
  }
  return only
}

/** `NAME=1..8`, `NAME=1,2,4` or `NAME=on,off`. */
export function readSweep(text: string | undefined, faults: string[]): Sweep | undefined {
  if (text === undefined) return undefined
  const equals = text.indexOf('=')
  const setting = text.slice(0, Math.max(0, equals))
  const listed = text.slice(equals + 1)
  const known = Object.keys(settingsShape).map(variableOf)
  if (equals < 1 || listed === '') {
    faults.push(`--sweep must be like PARLEY_POOL_MAX_THREADS=1..8 or =1,2,4, not "${text}"`)
    return undefined
  }
  if (!known.includes(setting)) {
    const meant = nearestName(setting, known)
    faults.push(`--sweep: there is no setting "${setting}"${meant === undefined ? '' : `; did you mean ${meant}?`}`)
    return undefined
  }
  if (notSwept.has(setting)) {
    faults.push(`--sweep: ${setting} is chosen by the benchmark itself`)
    return undefined
  }
  const values = [...new Set(listed.split(',').flatMap(expand))]
  if (values.length < 2 || values.length > sweepValuesMax || values.includes('')) {
    faults.push(`--sweep needs 2 to ${sweepValuesMax} values, not "${listed}"`)
    return undefined
  }
  return { setting, values }
}

/** `1..4` as its numbers; anything else as it is. Of too long a range one more than allowed. */
function expand(part: string): string[] {
  const ends = /^(\d{1,9})\.\.(\d{1,9})$/.exec(part)
  if (ends === null) return [part]
  const [first, last] = [Number(ends[1]), Number(ends[2])]
  const count = Math.min(sweepValuesMax + 1, Math.max(0, last - first + 1))
  return Array.from({ length: count }, (_, index) => String(first + index))
}

/** Where a running server is, and who may work on it. */
export function readUrl(
  text: string | undefined,
  faults: string[],
  rest: Omit<RunningTarget, 'host' | 'port'>,
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
  if (rest.passwordFile === undefined && rest.dataDir === undefined) {
    faults.push('--url needs --password-file, the password that its users share, or --data-dir, to make users there')
  }
  return { host, port: Number(url.port), ...rest }
}

/** Whether a host of a URL is this machine without asking the network. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host)
}
