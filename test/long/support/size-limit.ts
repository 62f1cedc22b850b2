/**
 * Makes the writes of a running process fail, those to a file beyond a size: `prlimit` of util-linux sets the limit from outside, and a
 * write beyond it fails with EFBIG, which SQLite reports as an I/O error, not as a full disk. Node ignores the signal that comes with it.
 */
import { spawnSync } from 'node:child_process'
import { runs, skipUnless } from '../../system/support/outside-program.ts'

/** The `skip` option of a test that limits the files of a process. */
export const skipWithoutSizeLimit: false | string = skipUnless(
  process.platform === 'linux' && runs('prlimit', ['--version']),
  'prlimit is missing: on Linux, apt-get install util-linux',
)

/** From now on no file of a process grows beyond so many bytes; `unlimited` ends it. Only the soft limit is set, so this needs no root. */
export function limitFileSize(pid: number | undefined, bytes: number | 'unlimited'): void {
  const { status, stderr } = spawnSync('prlimit', [`--pid=${pid}`, `--fsize=${bytes}:`], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`prlimit has ended with ${status}: ${stderr}`)
}
