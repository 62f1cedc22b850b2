/** A data directory with accounts, and the settings of a server that works on it under load. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLocalStore } from '../../../src/store/local-store.ts'
import { hashPassword } from '../../../src/workers/password.ts'
import { putServerKeys } from '../../system/support/server-keys.ts'
import { password, type Test } from '../../system/support/test-server.ts'

/** Makes one that goes with the test; or uses the given folder, which stays. */
export async function makeDataFolder(t: Test, users: readonly string[], given?: string): Promise<string> {
  const dataDir = given ?? mkdtempSync(join(tmpdir(), 'parley-test-'))
  if (given === undefined) t.teardown(() => rmSync(dataDir, { recursive: true, force: true }))
  const passwordHash = hashPassword(password, { memoryKib: 19_456, passes: 2 })
  const store = openLocalStore({ dataDir })
  await store.call('importAccounts', { accounts: users.map((userId) => ({ userId, passwordHash, role: 'user' })) })
  store.close()
  await putServerKeys(dataDir)
  return dataDir
}

/** Flags of a server whose limits are no part of what is tested; `own` are further settings without the prefix. */
export function loadFlags(dataDir: string, own: Readonly<Record<string, string>> = {}): Record<string, string> {
  const settings = {
    PORT: '0',
    WS_PORT: '0',
    DATA_DIR: dataDir,
    SESSION_POLICY: 'multi',
    USER_MESSAGES_PER_SECOND: '0',
    INBOX_MESSAGES_MAX: '1000000',
    INBOX_BYTES_MAX: '1000000000',
    ...own,
  }
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [`PARLEY_${name}`, value]))
}
