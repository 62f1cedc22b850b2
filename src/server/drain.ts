/** Stopping in order, each step with its deadline. Runs on: the main thread. */
import type { RouterShell } from '../router/router-shell.ts'
import type { ServerLog } from './event-log.ts'

/** What a drain works on. */
export interface DrainOptions {
  readonly shell: RouterShell
  readonly log: ServerLog
  /** Time for all of it. */
  readonly timeoutMs: number
  /** Resolves when all acceptors have reported such an event from now on. */
  readonly waitForAcceptors: (name: 'quiesced' | 'drained') => Promise<void>
  /** Stops all threads. */
  readonly stop: () => Promise<void>
}

const lookMs = 10

/**
 * Reads no more; lets everything that was read come to its end; tells every session to come back; writes out the
 * queues; stops the threads. A step that takes too long is cut off, so that the whole keeps its deadline.
 */
export async function drainServer(options: DrainOptions): Promise<void> {
  const { shell, log } = options
  const deadline = performance.now() + options.timeoutMs
  const remaining = (): number => Math.max(0, deadline - performance.now())
  log.info({ sessions: shell.counts().sessions }, 'draining: no new connections, no new messages')

  const quiesced = options.waitForAcceptors('quiesced')
  shell.quiesce()
  await within(quiesced, remaining() / 4)
  // Nobody acknowledges any more.
  shell.storeAll()
  await until(() => shell.counts().undecided === 0, remaining() / 4)
  // A disk that hangs: an answer that something may have happened or not is one, too.
  if (shell.counts().undecided > 0) shell.giveUpStore()

  const drained = options.waitForAcceptors('drained')
  // The threads need a moment after the last connection was cut.
  const closeMs = remaining() * 0.75
  shell.drain(closeMs)
  const isDrained = await within(drained, closeMs + (remaining() - closeMs) / 2)
  await options.stop()
  log.info({ complete: isDrained }, 'drained')
}

async function within(work: Promise<void>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms)
  })
  const isDone = await Promise.race([work.then(() => true), timeout])
  clearTimeout(timer)
  return isDone
}

async function until(condition: () => boolean, ms: number): Promise<void> {
  const deadline = performance.now() + ms
  while (!condition() && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, lookMs))
}
