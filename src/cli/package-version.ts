/** The version of the package that this file belongs to. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Reads it from the nearest `package.json` above, which is the package's own both in a checkout and installed. */
export function packageVersion(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); folder !== dirname(folder); folder = dirname(folder)) {
    const found = versionIn(join(folder, 'package.json'))
    if (found !== undefined) return found
  }
  return 'unknown'
}

function versionIn(path: string): string | undefined {
  try {
    const content: unknown = JSON.parse(readFileSync(path, 'utf8'))
    const version =
      typeof content === 'object' && content !== null && 'version' in content ? content.version : undefined
    return typeof version === 'string' ? version : undefined
  } catch {
    return undefined
  }
}
