/** Which flags of the process its threads take over. */

/**
 * Flags for a new thread: those that make profiles, so that all threads can be measured. None of the others: a
 * loader that tests or tools need would slow down the start of every thread.
 */
export function threadFlags(processFlags: readonly string[] = process.execArgv): string[] {
  return processFlags.filter((flag) => flag.startsWith('--cpu-prof') || flag.startsWith('--heap-prof'))
}
