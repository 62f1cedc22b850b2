/** Reads and writes the vectors, and makes their keys ready for use. */
import { createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type RsaPublicJwk, thumbprintOf } from '../../src/security/jwk.ts'

/** A key of `keys.json`. */
export interface VectorKey {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  readonly jwk: RsaPublicJwk
  readonly thumbprint: string
}

/** The path of a file of vectors in the source tree; this module runs in `build/test/vectors`. */
export function vectorFile(name: string): string {
  return fileURLToPath(new URL(`../../../test/vectors/${name}.json`, import.meta.url))
}

/** Reads a file of vectors. */
export function readVectors<Shape>(name: string): Shape {
  return JSON.parse(readFileSync(vectorFile(name), 'utf8'))
}

/** Writes a file of vectors. */
export function writeVectors(path: string, value: unknown): void {
  writeFileSync(path, `${JSON.stringify(value, undefined, 2)}\n`)
}

const known = new Map<string, VectorKey>()

/** A key of `keys.json` by its name. */
export function vectorKey(name: string): VectorKey {
  const found = known.get(name)
  if (found !== undefined) return found
  const key = readVectors<Record<string, JsonWebKey>>('keys')[name]
  if (key?.n === undefined || key.e === undefined) throw new Error(`test/vectors/keys.json has no key ${name}`)
  const privateKey = createPrivateKey({ key, format: 'jwk' })
  const jwk: RsaPublicJwk = { kty: 'RSA', n: key.n, e: key.e }
  const made = { privateKey, publicKey: createPublicKey(privateKey), jwk, thumbprint: thumbprintOf(jwk) }
  known.set(name, made)
  return made
}
