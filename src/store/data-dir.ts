/** The data directory: made where it is missing, with access for its owner only. */
import { mkdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { StoreError } from '../mailbox/store-error.ts'
import { toStoreError } from './sqlite-errors.ts'

/**
 * Makes a directory and its parents. Not by the recursive way of `mkdir`, which in Node 20 does not come back where a file
 * system refuses directories with the wrong error, as `/proc` does.
 *
 * @throws StoreError with a sentence for the operator
 */
export function makeDataDir(dataDir: string): void {
  const missing: string[] = []
  let folder = resolve(dataDir)
  while (kindOf(folder) === 'missing') {
    missing.push(folder)
    folder = dirname(folder)
  }
  if (kindOf(folder) === 'other') {
    throw new StoreError(
      'storage_failed',
      `${folder} is not a folder: set PARLEY_DATA_DIR to one, or move that file away.`,
    )
  }
  try {
    for (const path of missing.reverse()) makeFolder(path)
  } catch (error) {
    throw toStoreError(error, resolve(dataDir))
  }
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    // Somebody else made it meanwhile.
    if (kindOf(path) !== 'folder') throw error
  }
}

function kindOf(path: string): 'folder' | 'other' | 'missing' {
  try {
    return statSync(path).isDirectory() ? 'folder' : 'other'
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT') return 'missing'
    // A file stands where a folder should be, somewhere above.
    if (code === 'ENOTDIR') return 'missing'
    throw toStoreError(error, path)
  }
}
