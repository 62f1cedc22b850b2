/** What the pool tells of itself: events for the log and the counters, and figures for the status. */
import type { RecordableHistogram } from 'node:perf_hooks'
import type { LaneName } from './tasks.ts'

/** Why a thread is gone: ended by itself, ended by us at its deadline, ended by V8 at its heap limit. */
export type WorkerLossCause = 'exited' | 'hung' | 'out_of_memory'

/** Why a batch failed as a whole: its thread is gone, or it threw outside its items and the thread lives. */
export type TaskFailureCause = WorkerLossCause | 'threw'

/** Events of the pool; one subscriber logs them, one counts them. Nothing of an item's content is in them. */
export type PoolEvent =
  | { readonly name: 'workerStarted'; readonly threads: number }
  | {
      readonly name: 'workerLost'
      readonly cause: WorkerLossCause
      /** The lane of the batch that it worked on, when there was one. */
      readonly lane: LaneName | undefined
      readonly detail: string
    }
  | { readonly name: 'taskThrew'; readonly lane: LaneName; readonly detail: string }
  /** The items of a batch that failed as a whole are tried again, each alone. */
  | { readonly name: 'taskRetried'; readonly lane: LaneName; readonly items: number; readonly cause: TaskFailureCause }
  /** An item failed alone as well and was answered with an error. */
  | { readonly name: 'itemGivenUp'; readonly lane: LaneName; readonly cause: TaskFailureCause }

/** A histogram in figures. */
export interface HistogramStats {
  readonly count: number
  readonly mean: number
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** Figures of one lane: two of this moment, the others since the start. */
export interface LaneStats {
  /** Items that wait. */
  readonly queued: number
  readonly batchesInFlight: number
  readonly done: number
  /** Items answered with an error of their own. */
  readonly failed: number
  /** Items tried a second time. */
  readonly retried: number
  /** Items refused since the queue was full. */
  readonly refused: number
}

/** Figures of the pool. */
export interface PoolStats {
  readonly threads: number
  readonly idleThreads: number
  /** The part of the threads' time, since the start, in which they worked: 0 to 1, roughly. */
  readonly utilization: number
  readonly workersLost: number
  /** How long items waited in their lane's queue, in microseconds. */
  readonly queueTimeUs: HistogramStats
  readonly lanes: { readonly [Name in LaneName]: LaneStats }
}

/** Reads the figures out of a histogram; all are 0 while it is empty. */
export function histogramStats(histogram: RecordableHistogram): HistogramStats {
  const count = Number(histogram.count)
  if (count === 0) return { count, mean: 0, p50: 0, p99: 0, max: 0 }
  return {
    count,
    mean: histogram.mean,
    p50: histogram.percentile(50),
    p99: histogram.percentile(99),
    max: histogram.max,
  }
}
