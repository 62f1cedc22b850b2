/**
 * Keeps the young generation of the main thread's heap at the size that it has. V8 lets it grow to 32 MiB in a storm of logins, and
 * keeps that for good. Runs on: the main thread.
 */
import { setFlagsFromString } from 'node:v8'

/**
 * To be called when a thread has started: V8 reads this flag at each growth, but sets it back whenever it makes a heap
 * (`Heap::ConfigureHeap`), and each thread has one.
 */
export function keepYoungGeneration(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
}
