/** Removes from the history what is past its time or its count, in small bites with room for others between them. Runs on: the main thread. */
import type { Store } from '../mailbox/store-messages.ts'

/** Between two bites. */
const restMs = 20

/** Begins; gives what ends it. */
export function keepHistory(store: Store, pace: { readonly everyMs: number; readonly rows: number }): () => void {
  let timer: NodeJS.Timeout
  const look = (): void => {
    // A disk that fails now may be well the next time.
    void store
      .call('retainHistory', { limit: pace.rows })
      .then(({ more }) => more)
      .catch(() => false)
      .then((more) => schedule(more ? restMs : pace.everyMs))
  }
  let isEnded = false
  const schedule = (afterMs: number): void => {
    if (isEnded) return
    timer = setTimeout(look, afterMs).unref()
  }
  timer = setTimeout(look, restMs).unref()
  return () => {
    isEnded = true
    clearTimeout(timer)
  }
}
