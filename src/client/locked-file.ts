/**
 * A small text file that several processes may change: each change is made under a lock, beside the file, and
 * takes its place in one step, so that a reader sees the old text or the new one. For Node.
 */
import { chmod, mkdir, open, readFile, rename, stat, unlink, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/** How long to wait for another process; a change takes a few milliseconds. */
const lockWaitMs = 5_000
/** A lock that is older was left behind by a process that died. */
const lockStaleMs = 10_000
const lockPollMs = 10
/** No file of this kind is larger; a wrong path is told, not read into memory. */
const fileBytesMax = 4 * 1024 * 1024

/** Those who may not write: what is pinned there would be theirs to choose. */
const othersMask = 0o022

/**
 * The text of the file; empty when there is none.
 *
 * @throws Error where something else stands in its place, it is far too long, or others may write to it
 */
export async function readLockedFile(path: string): Promise<string> {
  try {
    const found = await stat(path)
    if (!found.isFile()) throw new Error(`${path} is no file: move it away, or name another path`)
    if (found.size > fileBytesMax) throw new Error(`${path} is longer than ${fileBytesMax} bytes`)
    // Windows has no such modes.
    if (process.platform !== 'win32' && (found.mode & othersMask) !== 0) {
      throw new Error(`others may write to ${path}: look whether it is as you left it, then run "chmod 600 ${path}"`)
    }
    return await readFile(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return ''
    throw error
  }
}

/** Changes the text of the file, which is made with mode 0600 (and its folder with 0700) when there is none. */
export async function changeLockedFile(path: string, change: (text: string) => string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const unlock = await lock(`${path}.lock`)
  const draft = `${path}.${globalThis.crypto.randomUUID()}.new`
  try {
    const before = await readLockedFile(path)
    const after = change(before)
    if (after === before) return
    await writeFile(draft, after, { mode: 0o600, flag: 'wx' })
    // Whatever the mask of the process is.
    await chmod(draft, 0o600)
    await rename(draft, path)
  } catch (error) {
    await unlink(draft).catch(() => {})
    throw error
  } finally {
    await unlock()
  }
}

async function lock(path: string): Promise<() => Promise<void>> {
  const deadline = Date.now() + lockWaitMs
  for (;;) {
    try {
      const handle = await open(path, 'wx', 0o600)
      await handle.close()
      return () => unlink(path).catch(() => {})
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error
    }
    const age = await stat(path).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    )
    if (age > lockStaleMs) await unlink(path).catch(() => {})
    else if (Date.now() > deadline) throw new Error(`${path} is held by another process; delete it if there is none`)
    else await new Promise((resolve) => setTimeout(resolve, lockPollMs))
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}
