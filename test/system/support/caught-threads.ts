/**
 * Import this before the server: it catches the threads that the server starts, so that a test can end one
 * as a crash would. Nothing in the server knows of it.
 */
import { syncBuiltinESMExports } from 'node:module'
import threads, { Worker, type WorkerOptions } from 'node:worker_threads'

const caught: { readonly name: string; readonly worker: Worker }[] = []

class CaughtWorker extends Worker {
  constructor(file: string | URL, options?: WorkerOptions) {
    super(file, options)
    caught.push({ name: options?.name ?? '', worker: this })
  }
}

threads.Worker = CaughtWorker
syncBuiltinESMExports()

/** The thread that was started last under a name that begins so. */
export function lastThread(name: string): Worker {
  const found = caught.findLast((thread) => thread.name.startsWith(name))
  if (found === undefined)
    throw new Error(`no thread ${name} was started, only ${caught.map((one) => one.name).join()}`)
  return found.worker
}

/** The thread of the pool that was started last: these have no name. */
export function lastPoolThread(): Worker {
  const found = caught.findLast((thread) => thread.name === '')
  if (found === undefined) throw new Error('no thread of a pool was started')
  return found.worker
}
