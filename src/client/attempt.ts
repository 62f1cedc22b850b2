/** One attempt to connect: within its time, given up when its signal says so, with errors that name the server. */
import { ParleyError } from './errors.ts'
import type { ClientOptions } from './options.ts'

/**
 * Makes an attempt.
 *
 * @param connect gets a signal that fires when the given one does, or when the time is over
 * @throws ParleyError `connect_failed` with the cause, or the one that `connect` threw; the signal's reason when that fired
 */
export async function attempt<Result>(
  options: ClientOptions,
  signal: AbortSignal,
  connect: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const abort = new AbortController()
  const stop = (): void => abort.abort(signal.reason)
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop, { once: true })
  const late = new ParleyError('connect_failed', {
    message: `The server did not take the connection within ${options.connectTimeoutMs} ms.`,
  })
  const timer = setTimeout(() => abort.abort(late), options.connectTimeoutMs)
  try {
    return await connect(abort.signal)
  } catch (cause) {
    throw cause instanceof ParleyError || signal.aborted ? cause : connectFailed(options, cause)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
  }
}

function connectFailed(options: ClientOptions, cause: unknown): ParleyError {
  const { address } = options
  const where = address.kind === 'tcp' ? `${address.host}:${address.port}` : address.url
  const text = cause instanceof Error && cause.message !== '' ? ` (${cause.message})` : ''
  return new ParleyError('connect_failed', { message: `The server at ${where} could not be reached${text}.`, cause })
}
