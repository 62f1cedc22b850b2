/**
 * What the kernel says of a process and of the machine: CPU time by thread, memory. Reads `/proc`, so on
 * other systems than Linux everything is undefined and the reports leave it out.
 */
import { readdirSync, readFileSync } from 'node:fs'

// USER_HZ, the unit of times in /proc: 100 on every architecture that Node runs on.
const millisecondsPerTick = 10

/** CPU time that a process and those that it started have used since their start. */
export interface ProcessTimes {
  readonly cpuMs: number
  /** By thread id; a main thread's equals the process id. */
  readonly threads: ReadonlyMap<number, number>
}

/** Memory of a process and those that it started. */
export interface ProcessMemory {
  readonly residentBytes: number
  /** The part that is no file's: heaps and stacks. */
  readonly anonymousBytes: number
}

/** CPU time of all cores since the machine's start. */
export interface MachineTimes {
  readonly busyMs: number
  readonly totalMs: number
}

/** Reads the CPU time of a process and of its threads; undefined when there is no such process or no `/proc`. */
export function readProcessTimes(pid: number): ProcessTimes | undefined {
  let cpuMs: number | undefined
  const threads = new Map<number, number>()
  for (const process of processTree(pid)) {
    const processMs = readCpuMs(`/proc/${process}/stat`)
    if (processMs === undefined) continue
    cpuMs = (cpuMs ?? 0) + processMs
    for (const name of list(`/proc/${process}/task`)) {
      const threadMs = readCpuMs(`/proc/${process}/task/${name}/stat`)
      if (threadMs !== undefined) threads.set(Number(name), threadMs)
    }
  }
  return cpuMs === undefined ? undefined : { cpuMs, threads }
}

/** A process and all that it, or one of those, started. */
function processTree(pid: number): number[] {
  const tree = [pid]
  // The array grows while it is walked.
  for (const parent of tree) {
    for (const thread of list(`/proc/${parent}/task`)) {
      const children = read(`/proc/${parent}/task/${thread}/children`)?.trim() ?? ''
      if (children !== '') tree.push(...children.split(' ').map(Number))
    }
  }
  return tree
}

/** Reads the memory of a process; undefined when there is no such process or no `/proc`. */
export function readProcessMemory(pid: number): ProcessMemory | undefined {
  let sum: ProcessMemory | undefined
  for (const process of processTree(pid)) {
    const text = read(`/proc/${process}/status`)
    const memory = text === undefined ? undefined : parseMemory(text)
    if (memory === undefined) continue
    sum = {
      residentBytes: (sum?.residentBytes ?? 0) + memory.residentBytes,
      anonymousBytes: (sum?.anonymousBytes ?? 0) + memory.anonymousBytes,
    }
  }
  return sum
}

/** Reads the CPU time of the machine; undefined without `/proc`. */
export function readMachineTimes(): MachineTimes | undefined {
  const text = read('/proc/stat')
  return text === undefined ? undefined : parseMachineTimes(text)
}

/**
 * CPU milliseconds (user and system) from the text of a `stat` file; see proc_pid_stat(5). The second
 * field is a name in parentheses that may itself hold spaces and parentheses.
 */
export function parseCpuMs(stat: string): number | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  // utime and stime are the fields 14 and 15; the first one here is the field 3.
  const ticks = Number(fields[11]) + Number(fields[12])
  return Number.isFinite(ticks) ? ticks * millisecondsPerTick : undefined
}

/** Memory from the text of a `status` file; see proc_pid_status(5). */
export function parseMemory(status: string): ProcessMemory | undefined {
  const resident = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]
  const anonymous = /^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1]
  if (resident === undefined || anonymous === undefined) return undefined
  return { residentBytes: Number(resident) * 1024, anonymousBytes: Number(anonymous) * 1024 }
}

/** The machine's times from the text of `/proc/stat`; see proc_stat(5). */
export function parseMachineTimes(text: string): MachineTimes | undefined {
  const line = /^cpu +(.+)$/m.exec(text)?.[1]
  if (line === undefined) return undefined
  // user nice system idle iowait irq softirq steal; what follows is counted in user and nice already.
  const ticks = line.split(' ').slice(0, 8).map(Number)
  const totalMs = ticks.reduce((sum, value) => sum + value, 0) * millisecondsPerTick
  const idleMs = ((ticks[3] ?? 0) + (ticks[4] ?? 0)) * millisecondsPerTick
  return { busyMs: totalMs - idleMs, totalMs }
}

function readCpuMs(path: string): number | undefined {
  const text = read(path)
  return text === undefined ? undefined : parseCpuMs(text)
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function list(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}
