/** A folder of a test's own whose path is short enough for a Unix socket in it, which tap's are not. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'

/** Makes the folder; it is removed when the test ends. */
export function shortFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'parley-t-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
