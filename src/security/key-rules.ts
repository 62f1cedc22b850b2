/**
 * What a stranger's RSA key must be like before OpenSSL sees it: Node imports an exponent of 1, even and 16384-bit
 * moduli without a word. Cheap for bad keys: a flood of them must not cost more than it cost to send.
 */
import { decodeBase64Url } from './base64url.ts'

/** The bits of a modulus that are accepted. */
export const modulusBitsMin = 2048
export const modulusBitsMax = 4096

/** 65537 as base64url: the one exponent that is accepted. */
const exponentText = 'AQAB'
const modulusBytesMin = modulusBitsMin / 8
const modulusBytesMax = modulusBitsMax / 8
const modulusCharactersMin = Math.ceil((modulusBytesMin * 4) / 3)
const modulusCharactersMax = Math.ceil((modulusBytesMax * 4) / 3)

/** The largest prime that is tried, as NIST SP 800-89 section 5.3.3 has it. */
const smallPrimeMax = 751
const smallPrimes = oddPrimesTo(smallPrimeMax)
const smallProduct = smallPrimes.reduce((product, prime) => product * BigInt(prime), 1n)
/** The same primes in groups whose product fits 31 bits, so that most of the work is done in small integers. */
const groups = groupsOf(smallPrimes)

/**
 * Says what is wrong with a key, or nothing when it may be used: an object of exactly `kty` "RSA", `n` and `e`;
 * a modulus of 2048 to 4096 bits, odd, without a factor up to 751; the exponent 65537; both canonical base64url.
 * Whether the modulus is a product of two primes can't be seen from outside.
 *
 * @param value anything that `JSON.parse` gives
 */
export function keyProblem(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'a key must be an object'
  const { kty, n, e }: { kty?: unknown; n?: unknown; e?: unknown } = value
  if (kty !== 'RSA') return 'kty must be "RSA"'
  const names = Object.keys(value)
  if (names.length !== 3 || !names.includes('kty') || !names.includes('n') || !names.includes('e')) {
    return 'a public key has exactly the members kty, n and e'
  }
  if (e !== exponentText) return 'the exponent must be 65537 ("AQAB")'
  if (typeof n !== 'string') return 'n must be a string'
  if (n.length < modulusCharactersMin) return `the modulus must have at least ${modulusBitsMin} bits`
  if (n.length > modulusCharactersMax) return `the modulus must have at most ${modulusBitsMax} bits`
  const bytes = decodeBase64Url(n)
  if (bytes === undefined) return 'n must be canonical base64url'
  return modulusProblem(bytes)
}

function modulusProblem(bytes: Buffer): string | undefined {
  const first = bytes[0] ?? 0
  if (first === 0) return 'n must not begin with a zero byte'
  if (bytes.length * 8 - (Math.clz32(first) - 24) < modulusBitsMin) {
    return `the modulus must have at least ${modulusBitsMin} bits`
  }
  if (((bytes.at(-1) ?? 0) & 1) === 0) return 'the modulus must be odd'
  if (hasSmallFactor(bytes)) return 'the modulus must not have a small factor'
  return undefined
}

function hasSmallFactor(bytes: Buffer): boolean {
  const rest = BigInt(`0x${bytes.toString('hex')}`) % smallProduct
  return groups.some(({ product, primes }) => {
    const small = Number(rest % product)
    return primes.some((prime) => small % prime === 0)
  })
}

function oddPrimesTo(max: number): number[] {
  const primes: number[] = []
  for (let number = 3; number <= max; number += 2) {
    if (primes.every((prime) => number % prime !== 0)) primes.push(number)
  }
  return primes
}

function groupsOf(primes: readonly number[]): { product: bigint; primes: number[] }[] {
  const found: { product: number; primes: number[] }[] = []
  for (const prime of primes) {
    const last = found.at(-1)
    if (last !== undefined && last.product * prime < 2 ** 31) {
      last.product *= prime
      last.primes.push(prime)
    } else {
      found.push({ product: prime, primes: [prime] })
    }
  }
  return found.map(({ product, primes }) => ({ product: BigInt(product), primes }))
}
