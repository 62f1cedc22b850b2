/** The key of a device in a file: PKCS#8 PEM that only its owner can read, made when there is none. */
import { generateKeyPair, randomUUID } from 'node:crypto'
import { chmod, link, mkdir, stat, unlink, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { readSecretFile } from '../config/load-settings.ts'
import { CliError, ExitCode } from './cli-error.ts'

/** The wire takes 2048 to 4096 bits. */
const modulusBits = 2048

/**
 * Reads the key, or makes it.
 *
 * @returns PEM text
 * @throws CliError when others can read the file, or it can't be read or made
 */
export async function loadDeviceKey(path: string): Promise<string> {
  try {
    return (await readKey(path)) ?? (await makeKey(path))
  } catch (error) {
    if (error instanceof CliError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new CliError(ExitCode.usage, `The key of this device can't be used: ${reason}`, error)
  }
}

async function readKey(path: string): Promise<string | undefined> {
  let mode: number
  try {
    mode = (await stat(path)).mode
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
  // Windows has no such modes; there the folder of the person guards the file.
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    throw new CliError(
      ExitCode.usage,
      `${path} can be read by others: it holds a private key. Mend it with: chmod 600 ${path}`,
    )
  }
  return readSecretFile(path)
}

async function makeKey(path: string): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: modulusBits, publicExponent: 65537 })
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  // Complete from the first moment, and never in place of another: a link is made only where there is no file.
  const draft = `${path}.${randomUUID()}.new`
  try {
    await writeFile(draft, pem, { mode: 0o600, flag: 'wx' })
    await chmod(draft, 0o600)
    await link(draft, path)
    return pem
  } catch (error) {
    // Another process was faster: its key is the one.
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    const other = await readKey(path)
    if (other === undefined) throw error
    return other
  } finally {
    await unlink(draft).catch(() => {})
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
