/**
 * The place of the control socket: a file that its server owns, that a dead server leaves behind, and
 * that nobody else on the machine may reach.
 */
import { chmodSync, lstatSync, mkdirSync, unlinkSync } from 'node:fs'
import { connect, type Server } from 'node:net'
import { dirname } from 'node:path'
import { controlFolder, socketPathBytesMax } from './control-protocol.ts'

/** Why there is no control server. */
export class ControlServerError extends Error {
  readonly code: 'data_dir_in_use' | 'control_failed'

  constructor(code: ControlServerError['code'], message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'ControlServerError'
    this.code = code
  }
}

/**
 * Lets a server listen at the path of a control socket, if need be in place of a dead one.
 *
 * @returns whether the socket of a dead server was removed
 * @throws ControlServerError `data_dir_in_use` when another server answers there, `control_failed` else
 */
export async function claimControlPath(server: Server, path: string): Promise<boolean> {
  try {
    if (isTemporary(path)) mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    requirePrivatePlace(path)
    // Some versions of Node cut a longer path without a word, and then listen at another one.
    if (!isPipe(path) && Buffer.byteLength(path) > socketPathBytesMax) throw new Error('its path is too long')
    for (let attempt = 1; ; attempt++) {
      try {
        await listen(server, path)
        return attempt > 1
      } catch (error) {
        if (codeOf(error) !== 'EADDRINUSE' || attempt === 3) throw error
      }
      if (await isAnswered(path)) {
        throw new ControlServerError(
          'data_dir_in_use',
          `another Parley server uses this data directory (it answers at ${path}). Stop that one, or set PARLEY_DATA_DIR to another folder.`,
        )
      }
      removeStale(path)
    }
  } catch (error) {
    if (error instanceof ControlServerError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new ControlServerError('control_failed', `the control socket ${path} can't be opened: ${reason}`, error)
  }
}

/** Binding happens inside `listen`, before it returns, so the mask is narrow only for that moment: the file is never open to others. */
function listen(server: Server, path: string): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    const mask = process.umask(0o177)
    try {
      server.listen(path, () => {
        server.off('error', reject)
        resolve()
      })
    } finally {
      process.umask(mask)
    }
  }).then(() => {
    if (!isPipe(path)) chmodSync(path, 0o600)
  })
}

/** Whether a server listens at the path. One that is too busy to take the connection is alive. */
function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => resolve(true))
    socket.once('error', (error) => resolve(codeOf(error) !== 'ECONNREFUSED' && codeOf(error) !== 'ENOENT'))
    socket.once('connect', () => socket.destroy())
  })
}

/** Removes a socket file without a server, and nothing else that may lie there. */
function removeStale(path: string): void {
  try {
    if (!lstatSync(path).isSocket()) throw new Error('something that is no socket is in its place; move it away')
    unlinkSync(path)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
  }
}

/**
 * Refuses the place of a socket among the temporary files when somebody else could have made it.
 *
 * @throws Error with a sentence
 */
export function requirePrivatePlace(path: string): void {
  if (!isTemporary(path)) return
  const folder = dirname(path)
  const state = lstatSync(folder)
  if (!state.isDirectory() || state.uid !== process.getuid?.() || (state.mode & 0o077) !== 0) {
    throw new Error(`${folder} belongs to somebody else or is open to others`)
  }
}

function isTemporary(path: string): boolean {
  return !isPipe(path) && dirname(path) === controlFolder()
}

function isPipe(path: string): boolean {
  return path.startsWith('\\\\.\\pipe\\')
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
