/** A small file system of its own, which can be filled and emptied: a tmpfs, for which the tests must be root on Linux. */
import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const chunk = Buffer.alloc(64 * 1024, 1)

/** See the head of the file. */
export class SmallDisk {
  readonly folder: string
  readonly #filler: string

  private constructor(folder: string) {
    this.folder = folder
    this.#filler = join(folder, 'filler')
  }

  /** Mounts one; undefined where that is not allowed. */
  static mount(bytes: number): SmallDisk | undefined {
    if (process.platform !== 'linux') return undefined
    const folder = mkdtempSync(join(tmpdir(), 'parley-disk-'))
    const args = ['-t', 'tmpfs', '-o', `size=${bytes},mode=700`, 'tmpfs', folder]
    if (spawnSync('mount', args, { stdio: 'ignore' }).status === 0) return new SmallDisk(folder)
    rmdirSync(folder)
    return undefined
  }

  /** Takes room away until so much is left. */
  fill(leftBytes: number): void {
    const { bavail, bsize } = statfsSync(this.folder)
    const descriptor = openSync(this.#filler, 'a')
    for (let bytes = bavail * bsize - leftBytes; bytes > 0; bytes -= chunk.length) {
      writeSync(descriptor, chunk, 0, Math.min(bytes, chunk.length))
    }
    closeSync(descriptor)
  }

  /** Gives the room back. */
  empty(): void {
    rmSync(this.#filler, { force: true })
  }

  unmount(): void {
    // Lazily: whoever still has a file open, in a test that failed, does not keep the folder in the tree.
    spawnSync('umount', ['--lazy', this.folder], { stdio: 'ignore' })
    rmdirSync(this.folder)
  }
}
