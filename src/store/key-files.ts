/**
 * The server's own keys as files in the data directory: the identity with its rotations, the handshake key, the keys of tickets.
 * Each file is replaced as a whole, so that a crash leaves the old one or the new one; nobody but the owner may read
 * them, and keys that others could have read are refused. On Windows the permissions of the folder decide.
 */
import { createPrivateKey, createSecretKey, generateKeyPair, type KeyObject, randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, lstatSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { StoreError } from '../mailbox/store-error.ts'
import { decodeBase64Url, encodeBase64Url } from '../security/base64url.ts'
import {
  followRotations,
  handshakeBits,
  identityBits,
  isUnixTime,
  type Rotation,
  readRotations,
  rotationsMax,
  signRotation,
  writeRotations,
} from '../security/handshake-keys.ts'
import { publicJwkOf, thumbprintOf } from '../security/jwk.ts'
import type { TicketKey } from '../security/tickets.ts'
import { makeDataDir } from './data-dir.ts'
import { toStoreError } from './sqlite-errors.ts'

/** The key that clients pin, and the older ones that signed their way to it. */
export interface IdentityKeys {
  readonly privateKey: KeyObject
  /** Newest first. */
  readonly rotations: readonly Rotation[]
}

/** The key of handshakes. Times are Unix seconds. */
export interface HandshakeKeys {
  readonly privateKey: KeyObject
  readonly notBefore: number
  readonly notAfter: number
}

/** A key of tickets, from a time on. */
export interface DatedTicketKey extends TicketKey {
  /** Unix seconds. */
  readonly since: number
}

const folderName = 'keys'
const othersMask = 0o077
const ticketKeyIdBytes = 4
const ticketKeyBytes = 32
const generate = promisify(generateKeyPair)

/** Makes an RSA key without blocking the thread. */
async function newRsaKey(modulusLength: number): Promise<KeyObject> {
  return (await generate('rsa', { modulusLength, publicExponent: 65_537 })).privateKey
}

/** Makes an identity that nobody knows yet. */
export async function newIdentity(): Promise<IdentityKeys> {
  return { privateKey: await newRsaKey(identityBits), rotations: [] }
}

/** Makes the identity that takes the place of one, which signs it. @param now Unix seconds */
export async function nextIdentity(older: IdentityKeys, now: number): Promise<IdentityKeys> {
  const privateKey = await newRsaKey(identityBits)
  const rotation = signRotation(older.privateKey, publicJwkOf(older.privateKey), publicJwkOf(privateKey), now)
  return { privateKey, rotations: [rotation, ...older.rotations].slice(0, rotationsMax) }
}

/** Makes a handshake key. @param now Unix seconds */
export async function newHandshakeKey(now: number, lifeSeconds: number): Promise<HandshakeKeys> {
  return { privateKey: await newRsaKey(handshakeBits), notBefore: now, notAfter: now + lifeSeconds }
}

/** Makes a key of tickets. @param now Unix seconds */
export function newTicketKey(now: number): DatedTicketKey {
  return { id: randomBytes(ticketKeyIdBytes), key: createSecretKey(randomBytes(ticketKeyBytes)), since: now }
}

/** See the head of the file. All of it is synchronous but the making of keys. */
export class KeyFiles {
  readonly #folder: string

  /** @throws StoreError when the folder can't be made */
  constructor(dataDir: string) {
    this.#folder = join(dataDir, folderName)
    makeDataDir(this.#folder)
  }

  /** Undefined where there is none yet. @throws StoreError for one that can't be used, with a sentence */
  readIdentity(): IdentityKeys | undefined {
    return this.#read('identity.json', (value) => {
      const { privateKey, rotations } = value
      const key = privateKeyOf(privateKey)
      const known = readRotations(rotations)
      if (key === undefined || known === undefined) return undefined
      const thumbprint = thumbprintOf(publicJwkOf(key))
      return followRotations(thumbprint, known) === undefined ? undefined : { privateKey: key, rotations: known }
    })
  }

  /** @throws StoreError when it can't be written */
  writeIdentity({ privateKey, rotations }: IdentityKeys): void {
    this.#write('identity.json', { privateKey: pemOf(privateKey), rotations: writeRotations(rotations) })
  }

  /** As `readIdentity`. */
  readHandshake(): HandshakeKeys | undefined {
    return this.#read('handshake.json', ({ privateKey, notBefore, notAfter }) => {
      const key = privateKeyOf(privateKey)
      if (key === undefined || !isUnixTime(notBefore) || !isUnixTime(notAfter)) return undefined
      return { privateKey: key, notBefore, notAfter }
    })
  }

  /** As `writeIdentity`. */
  writeHandshake({ privateKey, notBefore, notAfter }: HandshakeKeys): void {
    this.#write('handshake.json', { privateKey: pemOf(privateKey), notBefore, notAfter })
  }

  /** As `readIdentity`. */
  readTickets(): readonly DatedTicketKey[] | undefined {
    return this.#read('tickets.json', ({ keys }) => {
      const read = Array.isArray(keys) ? keys.map(ticketKeyOf) : [undefined]
      return read.every((key) => key !== undefined) ? read : undefined
    })
  }

  /** As `writeIdentity`. */
  writeTickets(keys: readonly DatedTicketKey[]): void {
    this.#write('tickets.json', {
      keys: keys.map(({ id, key, since }) => ({
        id: encodeBase64Url(id),
        key: key.export().toString('base64url'),
        since,
      })),
    })
  }

  #read<Keys>(name: string, keysOf: (value: Readonly<Record<string, unknown>>) => Keys | undefined): Keys | undefined {
    const path = join(this.#folder, name)
    let text: string
    try {
      const { mode } = lstatSync(path)
      if (process.platform !== 'win32' && (mode & othersMask) !== 0) throw readableByOthers(path)
      text = readFileSync(path, 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw toStoreError(error, path)
    }
    const keys = keysIn(text, keysOf)
    if (keys === undefined) {
      throw new StoreError('storage_failed', `${path} holds no keys of this server: restore it from a backup.`)
    }
    return keys
  }

  #write(name: string, value: object): void {
    const path = join(this.#folder, name)
    const newPath = `${path}.new`
    try {
      // One that a crash left may have any mode.
      rmSync(newPath, { force: true })
      const file = openSync(newPath, 'wx', 0o600)
      try {
        writeFileSync(file, `${JSON.stringify(value)}\n`)
        fsyncSync(file)
      } finally {
        closeSync(file)
      }
      renameSync(newPath, path)
      syncFolder(this.#folder)
    } catch (error) {
      throw toStoreError(error, path)
    }
  }
}

function readableByOthers(path: string): StoreError {
  return new StoreError(
    'storage_failed',
    `${path} can be read or changed by other users of this machine, so its keys may be known: take that away (chmod 600), or move the file away to get new ones.`,
  )
}

function keysIn<Keys>(
  text: string,
  keysOf: (value: Readonly<Record<string, unknown>>) => Keys | undefined,
): Keys | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? keysOf(value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString()
}

function privateKeyOf(pem: unknown): KeyObject | undefined {
  return typeof pem === 'string' ? createPrivateKey(pem) : undefined
}

function ticketKeyOf(value: unknown): DatedTicketKey | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { id, key, since }: { id?: unknown; key?: unknown; since?: unknown } = value
  const idBytes = decodeBase64Url(id, ticketKeyIdBytes)
  const keyBytes = decodeBase64Url(key, ticketKeyBytes)
  if (idBytes === undefined || keyBytes === undefined || !isUnixTime(since)) return undefined
  return { id: Uint8Array.from(idBytes), key: createSecretKey(keyBytes), since }
}

/** So that the new name of a file is on the disk too. Windows has no such thing. */
function syncFolder(path: string): void {
  if (process.platform === 'win32') return
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
