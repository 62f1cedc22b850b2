/** Settings of a server in a test: free ports, a folder of its own, all else as it comes. */
import { loadSettings } from '../../src/config/load-settings.ts'
import type { Settings } from '../../src/config/settings.ts'

/** @param changes by variable name without the prefix, such as `{SESSION_POLICY: 'multi'}` */
export function settingsForTests(dataDir: string, changes: Readonly<Record<string, string>> = {}): Settings {
  const flags: Record<string, string> = { PARLEY_PORT: '0', PARLEY_WS_PORT: '0', PARLEY_DATA_DIR: dataDir }
  for (const [name, value] of Object.entries(changes)) flags[`PARLEY_${name}`] = value
  const loaded = loadSettings({ flags, env: {}, envFile: undefined })
  if (loaded.kind === 'refused') throw new Error(loaded.problems.join('; '))
  return loaded.settings
}
