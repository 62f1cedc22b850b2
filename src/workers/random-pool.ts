/** Random bytes for ids, drawn from the system many at a time: a call for each costs as much as a whole login by token. */
import { randomFillSync } from 'node:crypto'

const poolBytes = 4096

/** Gives random bytes; each is given once and forgotten. */
export function randomPool(fill: (pool: Uint8Array) => void = randomFillSync): (byteCount: number) => Uint8Array {
  const pool = new Uint8Array(poolBytes)
  let used = poolBytes
  return (byteCount) => {
    if (byteCount > poolBytes) throw new RangeError(`at most ${poolBytes} random bytes at a time`)
    if (used + byteCount > poolBytes) {
      fill(pool)
      used = 0
    }
    const bytes = pool.slice(used, used + byteCount)
    pool.fill(0, used, used + byteCount)
    used += byteCount
    return bytes
  }
}
