/** Keys of a server, made once on a machine and copied for each test: making them takes most of a second. */
import { cpSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { KeyFiles, newHandshakeKey, newIdentity } from '../../../src/store/key-files.ts'

const day = 86_400
const keptMs = 7 * day * 1000
const shared = join(tmpdir(), `parley-test-keys-${userInfo().uid}`)

/** Puts keys into a data directory that has none. */
export async function putServerKeys(dataDir: string): Promise<void> {
  if (!isFresh()) await makeShared()
  cpSync(join(shared, 'keys'), join(dataDir, 'keys'), { recursive: true, mode: 0 })
}

function isFresh(): boolean {
  try {
    return Date.now() - statSync(join(shared, 'keys', 'handshake.json')).mtimeMs < keptMs
  } catch {
    return false
  }
}

async function makeShared(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'parley-test-keys-'))
  const files = new KeyFiles(folder)
  const now = Math.floor(Date.now() / 1000)
  const [identity, handshake] = await Promise.all([newIdentity(), newHandshakeKey(now, 30 * day)])
  files.writeIdentity(identity)
  files.writeHandshake(handshake)
  try {
    rmSync(shared, { recursive: true, force: true })
    renameSync(folder, shared)
  } catch {
    // Another process was faster.
    rmSync(folder, { recursive: true, force: true })
  }
}
