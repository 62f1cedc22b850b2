/** How a server is, asked of its store at that moment. Runs on: the main thread. */
import { StoreError } from '../mailbox/store-error.ts'
import type { Store } from '../mailbox/store-messages.ts'
import type { ServerHealth } from './control-protocol.ts'

/** A store that does not answer for so long is as good as none. */
const probeTimeoutMs = 5000

/** Has the store write something, and looks at what it found damaged. Never rejects. */
export async function serverHealth(store: Store, timeoutMs: number = probeTimeoutMs): Promise<ServerHealth> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), timeoutMs)
  })
  try {
    const found = await Promise.race([store.call('probeStore', {}), late])
    if (found === undefined) return { store: 'failed', message: `The store has not answered for ${timeoutMs} ms.` }
    if (found.isFull) return full
    if (found.damaged === 0) return { store: 'ok', message: 'The server is well.' }
    const what = found.damaged === 1 ? 'One piece' : `${found.damaged} pieces`
    return { store: 'damaged', message: `${what} of what is stored can't be read: run parley verify.` }
  } catch (error) {
    if (error instanceof StoreError && error.code === 'storage_full') return full
    return { store: 'failed', message: error instanceof Error ? error.message : String(error) }
  } finally {
    clearTimeout(timer)
  }
}

const full: ServerHealth = { store: 'full', message: 'The disk has no room: messages for absent users are refused.' }
