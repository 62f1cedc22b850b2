/**
 * Measures a stretch of time: what was done, what the server and the generators used for it, and what others
 * on the machine took meanwhile.
 */
import { now } from '../generator/clock.ts'
import type { Generator } from '../generator/generator.ts'
import type { Progress } from '../generator/messages.ts'
import { type MachineTimes, type ProcessTimes, readMachineTimes, readProcessTimes } from '../proc-stat.ts'
import type { Server } from '../servers/server.ts'

/** Who used what in a stretch of time. Cores: 1 is one core all the time. */
export interface Load {
  readonly seconds: number
  readonly done: number
  /** Done in each second, for a plot. */
  readonly perSecond: readonly number[]
  readonly serverCpuMs: number | undefined
  /** The server's threads, the busiest first. */
  readonly serverThreadCores: readonly number[]
  /** Of each generator, the share of the time when its event loop was at work. */
  readonly generatorActive: readonly number[]
  readonly generatorCores: number
  /** Used by processes that are not part of the measurement. */
  readonly otherCores: number | undefined
  /** Used by nobody. */
  readonly idleCores: number | undefined
}

/** Who set the pace. */
export type Bottleneck = 'server' | 'generator' | 'machine' | 'neither'

const busyFrom = 0.9
const spareCores = 0.1

interface Moment {
  readonly progress: readonly Progress[]
  readonly server: ProcessTimes | undefined
  readonly machine: MachineTimes | undefined
}

/** Watches for some seconds; `onSecond` gets what was done in each. */
export async function measureLoad(
  server: Server,
  generators: readonly Generator[],
  options: { seconds: number; onSecond: (done: number) => void },
): Promise<Load> {
  const first = await look(server, generators)
  let last = first
  const perSecond: number[] = []
  for (let second = 1; second <= options.seconds; second++) {
    await sleepUntil((first.progress[0]?.atMs ?? 0) + second * 1000)
    const current = await look(server, generators)
    perSecond.push(Math.round((sumDone(current) - sumDone(last)) / secondsBetween(last, current)))
    options.onSecond(perSecond.at(-1) ?? 0)
    last = current
  }
  return { ...loadBetween(first, last), perSecond }
}

/**
 * Says who was the bottleneck of a closed loop. A server thread that was busy all the time is one; a generator whose
 * loop never rested while the server did is the other, and then the figure speaks of the generator; unless there was no
 * CPU left on the machine, which then sets the pace, and the more so the less a message costs the server.
 */
export function findBottleneck(load: Load): Bottleneck {
  const generator = Math.max(0, ...load.generatorActive)
  const server = load.serverThreadCores[0] ?? 0
  if (generator >= busyFrom && generator > server) {
    return load.idleCores === undefined || load.idleCores > spareCores ? 'generator' : 'machine'
  }
  return server >= busyFrom ? 'server' : 'neither'
}

/** Sentences for a reader of the figures. */
export function loadNotes(load: Load): string[] {
  const notes: string[] = []
  if (findBottleneck(load) === 'generator') {
    const active = Math.round(100 * Math.max(...load.generatorActive))
    const thread = Math.round(100 * (load.serverThreadCores[0] ?? 0))
    notes.push(
      `the generator was the bottleneck (its loop ${active} % busy, the server's busiest thread ${thread} %): the server can do more`,
    )
  }
  if (load.otherCores !== undefined && load.otherCores > 0.3) {
    notes.push(`others on this machine used ${load.otherCores.toFixed(1)} cores meanwhile`)
  }
  return notes
}

async function look(server: Server, generators: readonly Generator[]): Promise<Moment> {
  const progress = await Promise.all(generators.map((generator) => generator.mark()))
  return {
    progress,
    server: server.pid === undefined ? undefined : readProcessTimes(server.pid),
    machine: readMachineTimes(),
  }
}

function loadBetween(first: Moment, last: Moment): Omit<Load, 'perSecond'> {
  const seconds = secondsBetween(first, last)
  const elapsedMs = seconds * 1000
  const generatorCpuMs = last.progress.reduce(
    (sum, end, index) => sum + end.cpuMs - (first.progress[index]?.cpuMs ?? 0),
    0,
  )
  const serverCpuMs =
    first.server === undefined || last.server === undefined ? undefined : last.server.cpuMs - first.server.cpuMs
  const threads = [...(last.server?.threads ?? [])].map(
    ([thread, cpuMs]) => (cpuMs - (first.server?.threads.get(thread) ?? 0)) / elapsedMs,
  )
  const busyMs =
    first.machine === undefined || last.machine === undefined ? undefined : last.machine.busyMs - first.machine.busyMs
  return {
    seconds,
    done: sumDone(last) - sumDone(first),
    serverCpuMs,
    serverThreadCores: threads.sort((a, b) => b - a).filter((cores) => cores >= 0.005),
    generatorActive: last.progress.map(
      (end, index) => (end.activeMs - (first.progress[index]?.activeMs ?? 0)) / elapsedMs,
    ),
    generatorCores: generatorCpuMs / elapsedMs,
    otherCores:
      busyMs === undefined || serverCpuMs === undefined
        ? undefined
        : Math.max(0, (busyMs - serverCpuMs - generatorCpuMs) / elapsedMs),
    idleCores: idleCoresBetween(first.machine, last.machine, elapsedMs),
  }
}

function idleCoresBetween(
  first: MachineTimes | undefined,
  last: MachineTimes | undefined,
  elapsedMs: number,
): number | undefined {
  if (first === undefined || last === undefined) return undefined
  return (last.totalMs - last.busyMs - (first.totalMs - first.busyMs)) / elapsedMs
}

function sumDone(moment: Moment): number {
  return moment.progress.reduce((sum, progress) => sum + progress.done, 0)
}

function secondsBetween(first: Moment, last: Moment): number {
  return ((last.progress[0]?.atMs ?? 0) - (first.progress[0]?.atMs ?? 0)) / 1000
}

function sleepUntil(moment: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, moment - now())))
}
