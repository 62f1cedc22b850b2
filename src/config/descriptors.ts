/**
 * How many files and sockets this process may have open, and how many connections that allows. When
 * descriptors run out, connections are accepted and closed without an event, so the limit has to be known before.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { limits } from './limits.ts'

/** How many connections a server takes, and why so many. */
export interface ConnectionsLimit {
  readonly connectionsMax: number
  /** The open files that the system allows; undefined when nobody could say. */
  readonly descriptorLimit: number | undefined
  /** What decided: the setting, the limit on open files, or the ceiling of the product. */
  readonly decidedBy: 'setting' | 'descriptors' | 'ceiling'
}

/** Connections where neither a setting nor the system says how many. */
const connectionsUnknown = 1024

/**
 * The soft limit on open files of this process.
 *
 * @returns the number, `Infinity` where there is none, undefined where it can't be found (Windows)
 */
export function descriptorLimit(): number | undefined {
  try {
    return limitInProc(readFileSync('/proc/self/limits', 'utf8'))
  } catch {
    return process.platform === 'win32' ? undefined : limitOfShell()
  }
}

/** The soft limit in the text of `/proc/self/limits` (proc(5)); undefined when the line is not there. */
export function limitInProc(text: string): number | undefined {
  const soft = /^Max open files\s+(\S+)/m.exec(text)?.[1]
  return soft === undefined ? undefined : limitNumber(soft)
}

/**
 * How many connections to take.
 *
 * @param wanted the setting; 0: as many as possible
 * @param descriptors from {@link descriptorLimit}
 */
export function connectionsLimit(wanted: number, descriptors: number | undefined): ConnectionsLimit {
  const ceiling = limits.connectionsCeiling.value
  const allowed =
    descriptors === undefined
      ? wanted === 0
        ? connectionsUnknown
        : ceiling
      : Math.max(1, descriptors - limits.descriptorReserve.value)
  const connectionsMax = Math.min(ceiling, allowed, wanted === 0 ? ceiling : wanted)
  return {
    connectionsMax,
    descriptorLimit: descriptors,
    decidedBy: connectionsMax === wanted ? 'setting' : connectionsMax === allowed ? 'descriptors' : 'ceiling',
  }
}

/** What other systems than Linux say; a child process has the limit of its parent. */
function limitOfShell(): number | undefined {
  try {
    return limitNumber(execFileSync('/bin/sh', ['-c', 'ulimit -n'], { encoding: 'utf8', timeout: 2000 }).trim())
  } catch {
    return undefined
  }
}

function limitNumber(text: string): number | undefined {
  if (text === 'unlimited' || text === 'infinity') return Number.POSITIVE_INFINITY
  return /^\d+$/.test(text) ? Number(text) : undefined
}
