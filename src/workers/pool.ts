/**
 * The worker pool: lanes of bounded queues in front of Piscina's threads. Owns the threads, the deadlines and the
 * second tries; every item is answered, whatever its thread does. The only file that imports piscina.
 * Runs on: the main thread.
 */
import { createHistogram, performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { Piscina } from 'piscina'
import { threadFlags } from '../mailbox/thread-flags.ts'
import { type LaneLimits, LaneQueue } from './lane-queue.ts'
import {
  histogramStats,
  type PoolEvent,
  type PoolStats,
  type TaskFailureCause,
  type WorkerLossCause,
} from './pool-events.ts'
import type { ItemErrorCode, ItemResult, LaneName, Lanes, TaskBatch } from './tasks.ts'

/** The pool's limits. */
export interface WorkerPoolOptions {
  readonly minThreads: number
  readonly maxThreads: number
  /** Batches that may wait in a lane whose limits are not given otherwise. */
  readonly maxQueue: number
  /** How long a thread above `minThreads` may have nothing to do before it ends. */
  readonly idleTimeoutMs: number
  /** The most items of a batch, in any lane. */
  readonly batchMax: number
  /** How long a batch may take, the start of a thread included; then its thread is ended. */
  readonly taskTimeoutMs: number
  /** Limits of each thread's heap; beyond them V8 ends the thread. 64 MiB of old generation where not given. */
  readonly resourceLimits?: { readonly maxOldGenerationSizeMb?: number; readonly maxYoungGenerationSizeMb?: number }
  /** Limits of lanes that differ from the usual. */
  readonly lanes?: { readonly [Name in LaneName]?: Partial<LaneLimits> }
  /** Another entry for the threads, which exports `runBatch`: for tests with faults. */
  readonly workerFile?: URL
  readonly onEvent?: (event: PoolEvent) => void
}

/** What `run` may be told. */
export interface RunOptions {
  /** Takes the item out of the queue; one that a thread has begun is finished, but nobody waits for it. */
  readonly signal?: AbortSignal | undefined
}

/** At most two hashes at once: each fills 19 MiB and a core. A hash costs 300 hops, so batches gain nothing but delay. */
const passwordLane = { concurrency: 2, batchMax: 2 }

/** Bundles of up to 64 signatures each: where sessions send singly, several in one batch save hops. A full one takes some 20 ms. */
const signatureLane = { concurrency: 16, batchMax: 16 }

/** A full handshake costs a thread half a millisecond: a batch is some milliseconds, so that what comes after it does not wait long. */
const keyExchangeBatchMax = 8

/**
 * Makes threads import their entry. Piscina tries `require` first, which Node can do with modules from 20.19 on; but a thread that is
 * ended just then (it came too late, the pool is closed) takes the whole process with it (`v8::Module::IsGraphAsync`, seen in 20.20).
 */
const importFlags: readonly string[] = process.allowedNodeEnvironmentFlags.has('--experimental-require-module')
  ? ['--no-experimental-require-module']
  : []

const resourceLimitsDefault = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 16 }
/** Time for a thread to start and answer: on a machine that is short of everything it takes seconds. */
const startTimeoutMs = 30_000
/** Waits between tries to start a thread where threads end while they start. */
const restartDelayFirstMs = 50
const restartDelayMaxMs = 5000

interface Entry {
  readonly take: Lanes[LaneName]['take']
  readonly queuedAt: number
  readonly settle: (result: ItemResult<Lanes[LaneName]['give']>) => void
  settled: boolean
  tries: number
}

interface Lane {
  readonly name: LaneName
  readonly concurrency: number
  readonly queue: LaneQueue<Entry>
  batchesInFlight: number
  done: number
  failed: number
  retried: number
  refused: number
}

/** The pool's life. While it drains it takes nothing new but finishes what waits. */
type PoolState =
  | { readonly kind: 'open' }
  | { readonly kind: 'draining'; readonly closed: Promise<void>; readonly onIdle: () => void }
  | { readonly kind: 'closed' }

/** Runs items of lanes in threads. */
export class WorkerPool {
  readonly #piscina: Piscina<TaskBatch, readonly ItemResult<Lanes[LaneName]['give']>[]>
  readonly #options: WorkerPoolOptions
  readonly #lanes: { readonly [Name in LaneName]: Lane }
  readonly #laneOrder: Lane[]
  readonly #queueTimeUs = createHistogram()
  #state: PoolState = { kind: 'open' }
  #batchesInFlight = 0
  #pumping = false
  #workersLost = 0
  #workerJustDestroyed = false
  #restartDelayMs = restartDelayFirstMs
  #restart: NodeJS.Timeout | undefined

  constructor(options: WorkerPoolOptions) {
    this.#options = options
    // All threads may: lanes take turns, and a batch is short.
    const keyExchangeLane = { concurrency: options.maxThreads, batchMax: keyExchangeBatchMax }
    this.#lanes = {
      passwords: makeLane('passwords', passwordLane, options),
      keyExchange: makeLane('keyExchange', keyExchangeLane, options),
      signatures: makeLane('signatures', signatureLane, options),
    }
    this.#laneOrder = Object.values(this.#lanes)
    this.#piscina = new Piscina({
      filename: fileURLToPath(options.workerFile ?? new URL('./tasks.worker.js', import.meta.url)),
      name: 'runBatch',
      minThreads: options.minThreads,
      maxThreads: Math.max(options.maxThreads, options.minThreads),
      // Never used up: batches are only handed over while there is a thread for each. The queues are the lanes'.
      maxQueue: options.maxThreads,
      idleTimeout: options.idleTimeoutMs,
      concurrentTasksPerWorker: 1,
      resourceLimits: options.resourceLimits ?? resourceLimitsDefault,
      // Without the flags of the process: what those load or hook into would make each new thread late.
      execArgv: [...threadFlags(), ...importFlags],
    })
    this.#piscina.on('workerCreate', () => this.#onWorkerStarted())
    this.#piscina.on('workerDestroy', () => this.#onWorkerDestroyed())
    // Without a listener the loss of an idle thread would end the process.
    this.#piscina.on('error', (error: unknown) =>
      this.#onWorkerLost({ cause: lossCauseOf(error), error, lane: undefined }),
    )
  }

  /** Resolves once a thread has answered; rejects when threads can't start, with the reason. */
  async ready(): Promise<void> {
    await this.#piscina.run(
      { lane: 'passwords', items: [] },
      { signal: AbortSignal.timeout(Math.max(startTimeoutMs, this.#options.taskTimeoutMs)) },
    )
  }

  /**
   * Does one item in a thread and says what became of it. Never rejects.
   *
   * A full queue answers `server_busy` at once. An item whose batch died with its thread, or ran past the deadline,
   * is tried once more alone; so an item must do nothing that may not be done twice.
   */
  run<Name extends LaneName>(
    name: Name,
    take: Lanes[Name]['take'],
    options: RunOptions = {},
  ): Promise<ItemResult<Lanes[Name]['give']>> {
    const lane = this.#lanes[name]
    const { signal } = options
    if (signal?.aborted === true) return Promise.resolve(refusal('aborted', 'The item was taken back.'))
    if (this.#state.kind !== 'open') return Promise.resolve(refusal('server_busy', 'The worker pool is closed.'))
    return new Promise((resolve) => {
      const onAbort = (): void => {
        lane.queue.remove(entry)
        entry.settle(refusal('aborted', 'The item was taken back.'))
        this.#checkIdle()
      }
      const entry: Entry = {
        take,
        queuedAt: performance.now(),
        tries: 0,
        settled: false,
        settle: (result) => {
          if (entry.settled) return
          entry.settled = true
          signal?.removeEventListener('abort', onAbort)
          resolve(result)
        },
      }
      if (!lane.queue.push(entry)) {
        lane.refused++
        entry.settle(refusal('server_busy', `The queue of ${name} is full.`))
        return
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#pumpSoon()
    })
  }

  /** Figures of this moment, and counts since the start. */
  stats(): PoolStats {
    const lanes = this.#laneOrder.map((lane) => [
      lane.name,
      {
        queued: lane.queue.size,
        batchesInFlight: lane.batchesInFlight,
        done: lane.done,
        failed: lane.failed,
        retried: lane.retried,
        refused: lane.refused,
      },
    ])
    return {
      threads: this.#piscina.threads.length,
      idleThreads: this.#piscina.idleThreads,
      utilization: this.#piscina.utilization,
      workersLost: this.#workersLost,
      queueTimeUs: histogramStats(this.#queueTimeUs),
      lanes: Object.fromEntries(lanes) as PoolStats['lanes'],
    }
  }

  /**
   * Takes nothing new, finishes what waits, ends the threads. Called twice, it gives the same promise.
   *
   * @param deadlineMs after that what is left is answered `server_busy`; without it nothing is cut short
   */
  close(deadlineMs?: number): Promise<void> {
    if (this.#state.kind === 'draining') return this.#state.closed
    if (this.#state.kind === 'closed') return Promise.resolve()
    let onIdle = (): void => {}
    const idle = new Promise<void>((resolve) => {
      onIdle = resolve
    })
    const closed = this.#drain(idle, deadlineMs)
    this.#state = { kind: 'draining', closed, onIdle }
    this.#checkIdle()
    return closed
  }

  async #drain(idle: Promise<void>, deadlineMs: number | undefined): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const deadline = new Promise<void>((resolve) => {
      if (deadlineMs !== undefined) timer = setTimeout(resolve, deadlineMs)
    })
    await Promise.race([idle, deadline])
    clearTimeout(timer)
    clearTimeout(this.#restart)
    this.#state = { kind: 'closed' }
    for (const lane of this.#laneOrder) {
      while (lane.queue.size > 0) this.#giveUp(lane.queue.takeBatch(1))
    }
    await this.#piscina.destroy()
  }

  #pumpSoon(): void {
    if (this.#pumping) return
    this.#pumping = true
    // After the current work, so that items that come together leave together.
    queueMicrotask(() => {
      this.#pumping = false
      this.#pump()
    })
  }

  /** Hands out batches while there is a thread for each; lanes take turns, so that no lane starves another. */
  #pump(): void {
    while (this.#batchesInFlight < this.#piscina.maxThreads) {
      const index = this.#laneOrder.findIndex((lane) => lane.queue.size > 0 && lane.batchesInFlight < lane.concurrency)
      const lane = this.#laneOrder[index]
      if (lane === undefined) return
      this.#laneOrder.push(...this.#laneOrder.splice(index, 1))
      const takers = Math.min(lane.concurrency - lane.batchesInFlight, this.#piscina.maxThreads - this.#batchesInFlight)
      void this.#runBatch(lane, lane.queue.takeBatch(takers))
    }
  }

  async #runBatch(lane: Lane, batch: readonly Entry[]): Promise<void> {
    const now = performance.now()
    for (const entry of batch) {
      if (entry.tries++ === 0) this.#queueTimeUs.record(Math.max(1, Math.round((now - entry.queuedAt) * 1000)))
    }
    lane.batchesInFlight++
    this.#batchesInFlight++
    // Aborting is how Piscina is told to end a thread.
    const deadline = new AbortController()
    const timer = setTimeout(() => deadline.abort(), this.#options.taskTimeoutMs)
    try {
      const items = batch.map((entry) => entry.take)
      const results = await this.#piscina.run({ lane: lane.name, items }, { signal: deadline.signal })
      this.#settle(lane, batch, results)
    } catch (error) {
      this.#onBatchFailed({ lane, batch, error, cause: this.#causeOf(error, deadline.signal) })
    } finally {
      clearTimeout(timer)
      lane.batchesInFlight--
      this.#batchesInFlight--
      this.#pump()
      this.#checkIdle()
    }
  }

  #settle(lane: Lane, batch: readonly Entry[], results: readonly ItemResult<Lanes[LaneName]['give']>[]): void {
    if (!Array.isArray(results) || results.length !== batch.length) {
      throw new TypeError('a pool thread gave another number of results than it had items')
    }
    for (const [index, entry] of batch.entries()) {
      const result = results[index]
      if (result === undefined) continue
      if (result.ok) lane.done++
      else lane.failed++
      entry.settle(result)
    }
  }

  #onBatchFailed(failure: { lane: Lane; batch: readonly Entry[]; cause: TaskFailureCause; error: unknown }): void {
    const { lane, batch, cause, error } = failure
    if (this.#state.kind === 'closed') {
      this.#giveUp(batch)
      return
    }
    if (cause === 'threw') this.#emit({ name: 'taskThrew', lane: lane.name, detail: detailOf(error) })
    else this.#onWorkerLost({ cause, error, lane: lane.name })
    const again = batch.filter((entry) => entry.tries < 2 && !entry.settled)
    for (const entry of batch) {
      if (entry.settled || entry.tries < 2) continue
      lane.failed++
      this.#emit({ name: 'itemGivenUp', lane: lane.name, cause })
      entry.settle(refusal('worker_lost', `The work could not be done: its thread ${failureWords[cause]} twice.`))
    }
    if (again.length === 0) return
    lane.retried += again.length
    lane.queue.pushAlone(again)
    this.#emit({ name: 'taskRetried', lane: lane.name, items: again.length, cause })
  }

  #causeOf(error: unknown, deadline: AbortSignal): TaskFailureCause {
    if (deadline.aborted) return 'hung'
    return this.#workerJustDestroyed ? lossCauseOf(error) : 'threw'
  }

  #giveUp(batch: readonly Entry[]): void {
    for (const entry of batch) entry.settle(refusal('server_busy', 'The worker pool was closed.'))
  }

  #onWorkerStarted(): void {
    this.#restartDelayMs = restartDelayFirstMs
    this.#emit({ name: 'workerStarted', threads: this.#piscina.threads.length })
  }

  /** Piscina ends the thread just before it rejects the thread's task, which says no more of the thread. */
  #onWorkerDestroyed(): void {
    this.#workerJustDestroyed = true
    setImmediate(() => {
      this.#workerJustDestroyed = false
    })
  }

  #onWorkerLost(loss: { cause: WorkerLossCause; error: unknown; lane: LaneName | undefined }): void {
    this.#workersLost++
    this.#emit({ name: 'workerLost', cause: loss.cause, lane: loss.lane, detail: detailOf(loss.error) })
    this.#restartSoon()
  }

  /**
   * Piscina replaces a lost thread by itself, but stops doing so for good once a thread has failed while it started.
   * A task always makes it start one, so an empty batch does.
   */
  #restartSoon(): void {
    if (this.#restart !== undefined) return
    this.#restart = setTimeout(() => {
      this.#restart = undefined
      if (this.#state.kind === 'closed' || this.#piscina.threads.length >= this.#options.minThreads) return
      this.#restartDelayMs = Math.min(this.#restartDelayMs * 2, restartDelayMaxMs)
      this.ready().catch(() => this.#restartSoon())
    }, this.#restartDelayMs)
    this.#restart.unref()
  }

  #checkIdle(): void {
    if (this.#state.kind !== 'draining') return
    if (this.#batchesInFlight === 0 && this.#laneOrder.every((lane) => lane.queue.size === 0)) this.#state.onIdle()
  }

  #emit(event: PoolEvent): void {
    this.#options.onEvent?.(event)
  }
}

function makeLane(name: LaneName, usual: { concurrency: number; batchMax: number }, options: WorkerPoolOptions): Lane {
  const own = options.lanes?.[name]
  const concurrency = own?.concurrency ?? usual.concurrency
  const batchMax = Math.min(own?.batchMax ?? usual.batchMax, options.batchMax)
  const queueMax = own?.queueMax ?? options.maxQueue * batchMax
  return {
    name,
    concurrency,
    queue: new LaneQueue({ concurrency, batchMax, queueMax }),
    batchesInFlight: 0,
    done: 0,
    failed: 0,
    retried: 0,
    refused: 0,
  }
}

const failureWords: { readonly [Cause in TaskFailureCause]: string } = {
  hung: 'ran past the deadline',
  out_of_memory: 'ran out of memory',
  exited: 'ended',
  threw: 'failed',
}

function lossCauseOf(error: unknown): WorkerLossCause {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
  return code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'out_of_memory' : 'exited'
}

function detailOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function refusal(code: ItemErrorCode, message: string): { ok: false; error: { code: ItemErrorCode; message: string } } {
  return { ok: false, error: { code, message } }
}
