/** Asks a running Parley server through its control socket how it is. What it does not say is left out. */
import { type ControlClient, connectControl } from '../../src/cli/control-client.ts'

/** What the server says of itself at one moment. */
export interface StatusSample {
  readonly sessions?: number
  /** Threads of the worker pool. */
  readonly poolThreads?: number
  /** Those of them that work. */
  readonly poolBusy?: number
  /** Items that wait for a thread, in all lanes. */
  readonly poolQueued?: number
  /** Items done since the start, in all lanes. */
  readonly poolDone?: number
}

/** Reads the status of one server; the connection is made at the first time. */
export class StatusReader {
  readonly #dataDir: string
  #control: Promise<ControlClient | undefined> | undefined

  constructor(dataDir: string) {
    this.#dataDir = dataDir
  }

  /** The status now; undefined when the server does not answer. */
  async read(): Promise<StatusSample | undefined> {
    try {
      this.#control ??= connectControl(this.#dataDir)
      const control = await this.#control
      return control && pickStatus(await control.call('status', {}))
    } catch {
      this.close()
      return undefined
    }
  }

  /** Hangs up. */
  close(): void {
    this.#control?.then(
      (control) => control?.close(),
      () => {},
    )
    this.#control = undefined
  }
}

/** Picks the figures out of a status, of this version or another. */
export function pickStatus(status: object): StatusSample {
  const pool = member(status, 'pool')
  const lanes = Object.values(member(pool, 'lanes') ?? {}).filter(isObject)
  const threads = count(pool, 'threads')
  const idle = count(pool, 'idleThreads')
  return {
    ...given('sessions', count(status, 'sessions')),
    ...given('poolThreads', threads),
    ...given('poolBusy', threads === undefined || idle === undefined ? undefined : Math.max(0, threads - idle)),
    ...given('poolQueued', sum(lanes, 'queued')),
    ...given('poolDone', sum(lanes, 'done')),
  }
}

function given<Name extends string>(name: Name, value: number | undefined): { [Key in Name]?: number } {
  return value === undefined ? {} : ({ [name]: value } as { [Key in Name]: number })
}

function sum(lanes: readonly object[], name: string): number | undefined {
  return lanes.length === 0 ? undefined : lanes.reduce((all, lane) => all + (count(lane, name) ?? 0), 0)
}

function member(value: object | undefined, name: string): object | undefined {
  const found = value && (value as Record<string, unknown>)[name]
  return isObject(found) ? found : undefined
}

function count(value: object | undefined, name: string): number | undefined {
  const found = value && (value as Record<string, unknown>)[name]
  return typeof found === 'number' && Number.isFinite(found) ? found : undefined
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
