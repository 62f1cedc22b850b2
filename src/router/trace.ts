/**
 * What became of runs of messages lately: a ring of fixed size, overwritten from its beginning. Noting something writes into
 * arrays that are there already: at load nothing is allocated for it.
 */

/** What can happen to a run; each at most once is noted, the first time. */
export const traceSteps = ['accepted', 'stored', 'sent', 'acknowledged', 'rejected'] as const
export type TraceStep = (typeof traceSteps)[number]

/** What is known of a message. */
export interface Traced {
  readonly from: string
  readonly to: string
  /** Unix milliseconds; a rejection has its code. */
  readonly steps: readonly { readonly step: TraceStep; readonly time: number; readonly code?: string }[]
}

/** See the head of the file. */
export class Trace {
  readonly #size: number
  readonly #firstSeqs: Float64Array
  readonly #counts: Uint32Array
  /** One column a step, Unix milliseconds, 0 for what has not happened. */
  readonly #times: Float64Array
  readonly #from: string[]
  readonly #to: string[]
  /** Why one was rejected; empty where none was. */
  readonly #codes: string[]
  /** Counts runs; the last `#size` of them are here. */
  #next = 0

  constructor(size: number) {
    this.#size = size
    this.#firstSeqs = new Float64Array(size)
    this.#counts = new Uint32Array(size)
    this.#times = new Float64Array(size * traceSteps.length)
    this.#from = new Array<string>(size).fill('')
    this.#to = new Array<string>(size).fill('')
    this.#codes = new Array<string>(size).fill('')
  }

  /** A run was accepted. Gives its mark for what follows. */
  accepted(
    run: { readonly from: string; readonly to: string; readonly seq: number; readonly count: number },
    now: number,
  ): number {
    const mark = this.#next++
    const slot = mark % this.#size
    this.#firstSeqs[slot] = run.seq
    this.#counts[slot] = run.count
    this.#from[slot] = run.from
    this.#to[slot] = run.to
    this.#codes[slot] = ''
    this.#times.fill(0, slot * traceSteps.length, (slot + 1) * traceSteps.length)
    this.note(mark, 'accepted', now)
    return mark
  }

  /** Something has happened to a run; one that is forgotten is passed over. */
  note(mark: number, step: TraceStep, now: number, code: string = ''): void {
    if (mark < this.#next - this.#size) return
    const slot = mark % this.#size
    const at = slot * traceSteps.length + traceSteps.indexOf(step)
    if (this.#times[at] !== 0) return
    this.#times[at] = now
    if (code !== '') this.#codes[slot] = code
  }

  /** What is known of the message that a user was given a number for; undefined when nothing is, or not any more. */
  find(isReceiver: (user: string) => boolean, seq: number): Traced | undefined {
    for (let mark = this.#next - 1; mark >= Math.max(this.#next - this.#size, 0); mark--) {
      const slot = mark % this.#size
      const first = this.#firstSeqs[slot] ?? 0
      if (seq < first || seq >= first + (this.#counts[slot] ?? 0) || !isReceiver(this.#to[slot] ?? '')) continue
      const times = this.#times.subarray(slot * traceSteps.length, (slot + 1) * traceSteps.length)
      const code = this.#codes[slot] ?? ''
      const steps = traceSteps
        .map((step, index) => ({ step, time: times[index] ?? 0, ...(step === 'rejected' ? { code } : {}) }))
        .filter(({ time }) => time > 0)
      return { from: this.#from[slot] ?? '', to: this.#to[slot] ?? '', steps: steps.sort((a, b) => a.time - b.time) }
    }
    return undefined
  }
}
