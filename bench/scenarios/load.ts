/**
 * Measures a stretch of time: what was done, what the server and the generators used for it, and what others
 * on the machine took meanwhile.
 */
import { now } from '../generator/clock.ts'
import type { Generator } from '../generator/generator.ts'
import type { Progress } from '../generator/messages.ts'
import {
  type MachineTimes,
  type ProcessTimes,
  readMachineTimes,
  readProcessMemory,
  readProcessTimes,
} from '../proc-stat.ts'
import type { Server } from '../servers/server.ts'
import type { StatusSample } from '../servers/status-reader.ts'

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
  /** Second by second, for plots. */
  readonly samples?: readonly LoadSample[]
}

/** One second of a load. */
export interface LoadSample {
  /** Done in this second. */
  readonly done: number
  readonly serverCores: number | undefined
  readonly generatorCores: number
  /** Of the server, at the end of the second. */
  readonly residentBytes: number | undefined
  /** What the server said of itself at the end of the second. */
  readonly status: StatusSample | undefined
}

/** Who set the pace. */
export type Bottleneck = 'server' | 'generator' | 'machine' | 'neither'

const busyFrom = 0.9
const spareCores = 0.1

/** How long a server may think about its status before the second goes on without it. */
const statusWaitMs = 500

interface Moment {
  readonly progress: readonly Progress[]
  /** Of generators whose work is not counted. */
  readonly alongside: readonly Progress[]
  readonly server: ProcessTimes | undefined
  readonly machine: MachineTimes | undefined
}

/**
 * Watches for some seconds; `onSecond` gets what was done in each. Of the generators `alongside` only the CPU counts:
 * they work, but what they do is not what is measured.
 */
export async function measureLoad(
  server: Server,
  generators: readonly Generator[],
  options: { seconds: number; onSecond: (done: number) => void; alongside?: readonly Generator[] },
): Promise<Load> {
  const { seconds, onSecond, alongside = [] } = options
  const first = await look(server, generators, alongside)
  let last = first
  const samples: LoadSample[] = []
  for (let second = 1; second <= seconds; second++) {
    await sleepUntil((first.progress[0]?.atMs ?? 0) + second * 1000)
    const current = await look(server, generators, alongside)
    const sample = sampleBetween(last, current, {
      residentBytes: server.pid === undefined ? undefined : readProcessMemory(server.pid)?.residentBytes,
      status: await statusInTime(server),
    })
    samples.push(sample)
    onSecond(sample.done)
    last = current
  }
  return { ...loadBetween(first, last), perSecond: samples.map((sample) => sample.done), samples }
}

/**
 * Watches a stretch of time whose end is not known before: until the returned function is called, which is told what
 * was done and how busy the generator was. `generatorCpuMs` counts from the generator's start.
 */
export function watchLoad(
  server: Server,
): (end: { done: number; generatorActive: number; generatorCpuMs: number }) => Load {
  const moment = (cpuMs: number, done: number, activeMs: number): Moment => ({
    progress: [{ atMs: now(), done, cpuMs, activeMs }],
    alongside: [],
    server: server.pid === undefined ? undefined : readProcessTimes(server.pid),
    machine: readMachineTimes(),
  })
  const first = moment(0, 0, 0)
  return ({ done, generatorActive, generatorCpuMs }) => {
    const elapsedMs = now() - (first.progress[0]?.atMs ?? 0)
    return { ...loadBetween(first, moment(generatorCpuMs, done, generatorActive * elapsedMs)), perSecond: [] }
  }
}

function sampleBetween(last: Moment, current: Moment, rest: Pick<LoadSample, 'residentBytes' | 'status'>): LoadSample {
  const { seconds, done, serverCpuMs, generatorCores } = loadBetween(last, current)
  return {
    done: Math.round(done / seconds),
    serverCores: serverCpuMs === undefined ? undefined : serverCpuMs / 1000 / seconds,
    generatorCores,
    ...rest,
  }
}

async function statusInTime(server: Server): Promise<StatusSample | undefined> {
  if (server.status === undefined) return undefined
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), statusWaitMs)
  })
  const status = await Promise.race([server.status(), late])
  clearTimeout(timer)
  return status
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

async function look(
  server: Server,
  generators: readonly Generator[],
  alongside: readonly Generator[],
): Promise<Moment> {
  const [progress, others] = await Promise.all(
    [generators, alongside].map((some) => Promise.all(some.map((generator) => generator.mark()))),
  )
  return {
    progress: progress ?? [],
    alongside: others ?? [],
    server: server.pid === undefined ? undefined : readProcessTimes(server.pid),
    machine: readMachineTimes(),
  }
}

function loadBetween(first: Moment, last: Moment): Omit<Load, 'perSecond' | 'samples'> {
  const seconds = secondsBetween(first, last)
  const elapsedMs = seconds * 1000
  const generatorCpuMs = sumCpuMs(last) - sumCpuMs(first)
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

function sumCpuMs(moment: Moment): number {
  return [...moment.progress, ...moment.alongside].reduce((sum, progress) => sum + progress.cpuMs, 0)
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
