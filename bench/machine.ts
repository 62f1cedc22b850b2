/** On what a measurement ran: figures without it mean nothing. */
import os from 'node:os'

/** The machine and the runtime. */
export interface Machine {
  readonly node: string
  readonly platform: string
  readonly processor: string
  readonly cores: number
  readonly memoryBytes: number
  /** Load average of the last minute at the start: others may be at work here. */
  readonly loadAtStart: number
}

/** Describes the machine that this process runs on. */
export function describeMachine(): Machine {
  return {
    node: process.version,
    platform: `${os.platform()} ${os.release()} ${os.arch()}`,
    processor: os.cpus()[0]?.model.trim() ?? 'unknown',
    cores: os.availableParallelism(),
    memoryBytes: os.totalmem(),
    loadAtStart: os.loadavg()[0] ?? 0,
  }
}
