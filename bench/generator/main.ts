/**
 * The process of a generator: takes orders from the benchmark one after the other and answers each. It ends
 * with the benchmark.
 */
import { performance } from 'node:perf_hooks'
import { prepareBroadcast } from './broadcast.ts'
import { now } from './clock.ts'
import { prepareClosedLoop } from './closed-loop.ts'
import { prepareDraining } from './draining.ts'
import { prepareEveryone } from './everyone.ts'
import { prepareIdle } from './idle.ts'
import { prepareLogins } from './logins.ts'
import type { Answer, Order, WorkOrder } from './messages.ts'
import { prepareMixed } from './mixed.ts'
import { preparePacer } from './pacer.ts'
import { generatorKey } from './sealing.ts'
import { prepareSink } from './sink.ts'
import { prepareStoring } from './storing.ts'
import { prepareTokens } from './tokens.ts'
import type { Work } from './work.ts'

let work: Work | undefined

process.on('message', (order: Order) => {
  obey(order).then(answer, (error: unknown) => {
    answer({ kind: 'failed', message: error instanceof Error ? error.message : String(error) })
  })
})
process.on('disconnect', () => process.exit(0))

function answer(message: Answer): void {
  process.send?.(message)
}

async function obey(order: Order): Promise<Answer> {
  switch (order.kind) {
    case 'prepare':
      work = await prepare(order.work)
      return { kind: 'ready' }
    case 'start':
      requireWork().start(order.schedule)
      return { kind: 'ready' }
    case 'mark':
      return { kind: 'progress', progress: progress(requireWork()) }
    case 'stop': {
      const outcome = await requireWork().stop(order.expected)
      work = undefined
      return { kind: 'outcome', outcome }
    }
  }
}

async function prepare(order: WorkOrder): Promise<Work> {
  // Before anything is timed: making it takes as long as hundreds of handshakes.
  if (order.endpoint.security?.kind === 'sealed') generatorKey()
  switch (order.kind) {
    case 'closed-loop':
      return prepareClosedLoop(order)
    case 'pacer':
      return preparePacer(order)
    case 'sink':
      return prepareSink(order)
    case 'everyone':
      return prepareEveryone(order)
    case 'broadcast':
      return prepareBroadcast(order)
    case 'logins':
      return prepareLogins(order)
    case 'idle':
      return prepareIdle(order)
    case 'mixed':
      return prepareMixed(order)
    case 'storing':
      return prepareStoring(order)
    case 'draining':
      return prepareDraining(order)
    case 'tokens':
      return prepareTokens(order)
  }
}

function requireWork(): Work {
  if (work === undefined) throw new Error('there is no work under way')
  return work
}

function progress(current: Work): { atMs: number; done: number; cpuMs: number; activeMs: number } {
  const cpu = process.cpuUsage()
  return {
    atMs: now(),
    done: current.done,
    cpuMs: (cpu.user + cpu.system) / 1000,
    activeMs: performance.eventLoopUtilization().active,
  }
}
