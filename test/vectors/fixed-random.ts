/** Random bytes that are the same in each run, each with a name. */
import { createHash } from 'node:crypto'

/** 32 bytes for a name. */
export function namedBytes(name: string): Buffer {
  return createHash('sha256').update(`parley vectors: ${name}`).digest()
}

/** A source of random bytes that gives these, one after another, and throws when they do not have the length asked for. */
export function fixedRandom(values: readonly Uint8Array[]): (bytes: number) => Uint8Array {
  const rest = [...values]
  return (bytes) => {
    const next = rest.shift()
    if (next?.length !== bytes) throw new Error(`no fixed random value of ${bytes} bytes is next`)
    return next
  }
}
