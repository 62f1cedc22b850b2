/** What the benchmark tells a generator process, and what it answers: one answer to each order. */
import type { Arrivals } from '../verifier.ts'
import type { MessageShape } from './frame.ts'
import type { Endpoint, Login } from './raw-connection.ts'

/** A sender with its receiver; `number` goes into each message's mark. */
export interface Pair {
  readonly number: number
  readonly sender: Login
  readonly receiver: Login
}

/** Messages per second of all senders of a run together, taken in turns. */
export interface Pace {
  readonly ratePerSecond: number
  readonly senders: number
}

/** So much of the messages goes to the first so many users; the rest to the rest. */
export interface Skew {
  readonly share: number
  readonly users: number
}

/** How the users of a mixed work live. */
export interface Habits {
  /** Share of the users who are busy, and the share of the messages that they send. */
  readonly busyUsers: number
  readonly busyShare: number
  /** How long a session lasts, and how long a user then stays away, on average. */
  readonly onlineMs: number
  readonly awayMs: number
  /** Share of the sessions that end without a word, as when a train enters a tunnel. */
  readonly abruptShare: number
}

/** What a generator can do. One file each, of the same name. */
export type WorkOrder =
  | {
      readonly kind: 'closed-loop'
      readonly endpoint: Endpoint
      readonly pairs: readonly Pair[]
      readonly shape: MessageShape
      readonly window: number
      /** Messages are signed before; then each sender ends when it has sent so many. */
      readonly signing?: { readonly alg: 'PS256' | 'HS256'; readonly messages: number }
    }
  | {
      readonly kind: 'pacer'
      readonly endpoint: Endpoint
      readonly pairs: readonly Pair[]
      readonly shape: MessageShape
      readonly pace: Pace
    }
  | {
      readonly kind: 'sink'
      readonly endpoint: Endpoint
      readonly pairs: readonly Pair[]
      readonly shape: MessageShape
      readonly pace: Pace
    }
  | {
      readonly kind: 'everyone'
      readonly endpoint: Endpoint
      readonly logins: readonly Login[]
      readonly shape: MessageShape
      /** Messages in flight per user. */
      readonly window: number
      readonly skew: Skew
    }
  | {
      readonly kind: 'broadcast'
      readonly endpoint: Endpoint
      readonly sender: Login
      readonly receivers: readonly Login[]
      readonly shape: MessageShape
      /** Broadcasts in flight: sent, and not yet arrived at every receiver. */
      readonly window: number
    }
  | { readonly kind: 'logins'; readonly endpoint: Endpoint; readonly logins: readonly Login[] }
  | {
      readonly kind: 'idle'
      readonly endpoint: Endpoint
      readonly logins: readonly Login[]
      /** Clients that connect at the same time; 100 unless said otherwise. */
      readonly atOnce?: number
    }
  | {
      readonly kind: 'mixed'
      readonly endpoint: Endpoint
      readonly logins: readonly Login[]
      readonly shape: MessageShape
      readonly ratePerSecond: number
      readonly habits: Habits
    }
  | {
      readonly kind: 'storing'
      readonly endpoint: Endpoint
      /** The receivers are away. */
      readonly pairs: readonly Pair[]
      readonly shape: MessageShape
      /** Messages in flight per sender: sent and not yet answered. */
      readonly window: number
      /** Messages per sender; without it they send until they are stopped. */
      readonly messages?: number
      /** Whether the server has to be prepared. */
      readonly isFirst: boolean
    }
  | {
      readonly kind: 'draining'
      readonly endpoint: Endpoint
      readonly pairs: readonly Pair[]
      readonly shape: MessageShape
      /** Messages per receiver. */
      readonly expected: number
    }
  | { readonly kind: 'tokens'; readonly endpoint: Endpoint; readonly logins: readonly Login[] }

/** When a run begins, from when on it counts, and when it ends; moments of the common clock. */
export interface Schedule {
  readonly startMs: number
  readonly measureMs: number
  readonly endMs: number
}

/** An order to a generator. */
export type Order =
  /** Connect, log in, be ready. */
  | { readonly kind: 'prepare'; readonly work: WorkOrder }
  | { readonly kind: 'start'; readonly schedule: Schedule }
  /** Tell where you are. */
  | { readonly kind: 'mark' }
  /** Begin nothing new, wait for what is under way (`expected` arrivals, where only others know), tell the outcome. */
  | { readonly kind: 'stop'; readonly expected: number }

/** Counts of a generator at one moment. */
export interface Progress {
  readonly atMs: number
  /** Messages that arrived, or logins that succeeded. */
  readonly done: number
  /** CPU time of the process. */
  readonly cpuMs: number
  /** Time during which its event loop was at work. */
  readonly activeMs: number
}

/** Times of many events in milliseconds. */
export interface Distribution {
  readonly count: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly p999Ms: number
  readonly maxMs: number
  /** Pairs of percentile and milliseconds, for a plot. */
  readonly percentiles: readonly (readonly [number, number])[]
}

/** What a generator says at the end of its work. */
export interface Outcome {
  readonly sent: number
  readonly arrivals: Arrivals
  /** Delivery times of a sink, times of answers of a pacer or of storing, or login times. */
  readonly times?: Distribution
  /** Of the same those of receivers who don't acknowledge, where others do. */
  readonly plainTimes?: Distribution
  /** How late a pacer was itself. */
  readonly lag?: Distribution
  readonly tokens?: readonly string[]
  /** What the clients of an idle work can come back with, in their order; empty for one that got nothing. */
  readonly resumptions?: readonly string[]
  /** How long all of an idle work needed to connect and log in, and the share of it when the event loop was at work. */
  readonly connecting?: {
    readonly seconds: number
    readonly active: number
    /** Each from its connecting to the answer to its login. */
    readonly times: Distribution
  }
  /** Other things that were counted, by name. */
  readonly counts?: Readonly<Record<string, number>>
  /** What went wrong, in the words of the server where it said something; a few examples. */
  readonly complaints: readonly string[]
}

/** The answer to an order. */
export type Answer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'outcome'; readonly outcome: Outcome }
  | { readonly kind: 'failed'; readonly message: string }
