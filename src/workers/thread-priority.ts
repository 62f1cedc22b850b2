/** The place of the pool's threads among the threads of the process. Runs on: the pool's threads. */
import { readlinkSync } from 'node:fs'
import { getPriority, setPriority } from 'node:os'
import { isMainThread } from 'node:worker_threads'

/** As the system counts niceness: a thread with 5 more gets a third of the time that one gets which wants the same processor. */
const stepsBack = 5
const lowest = 19

/**
 * Lets the calling thread wait where the acceptor or the main thread wants its processor: in a storm of logins messages of others
 * must go on, and whoever logs in waits for all of them anyway. Takes nothing from a processor that has nothing else to do. Does
 * nothing where the system knows no priorities of single threads, nor in a main thread.
 */
export function stepBack(): void {
  if (isMainThread || process.platform !== 'linux') return
  try {
    // Such as "1234/task/1240": on Linux the calls take threads too.
    const thread = Number(readlinkSync('/proc/thread-self').split('/').at(-1))
    if (thread > 0) setPriority(thread, Math.min(lowest, getPriority(thread) + stepsBack))
  } catch {
    // Without /proc, or where a sandbox forbids it, it is as on other systems.
  }
}
