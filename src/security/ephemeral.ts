/** The ephemeral P-256 exchange of suites 1 and 2, and the hash of its result that goes into the keys. */
import { createECDH, createHash, type ECDH } from 'node:crypto'

/** An uncompressed point: 0x04, x, y. */
export const pointBytes = 65

const curve = 'prime256v1'
const scalarBytes = 32

/** One side's half of an exchange: used once, then dropped. */
export interface Ephemeral {
  /** What is sent to the other side. */
  readonly point: Buffer
  /**
   * SHA-256 of the x coordinate of the shared point, or undefined when the other side's bytes are not an uncompressed
   * point of the curve.
   */
  agree(point: Uint8Array): Buffer | undefined
}

/** Both halves of an exchange are there, and its result. */
export interface EphemeralAnswer {
  readonly point: Buffer
  /** As {@link Ephemeral.agree} gives it. */
  readonly agreed: Buffer
}

/** Used for one exchange after the other: to make one costs a sixth of an exchange. */
let answering: ECDH | undefined

/**
 * Answers the other side's half at once.
 *
 * @returns undefined when its bytes are not an uncompressed point of the curve
 */
export function answerEphemeral(
  theirs: Uint8Array,
  random: (bytes: number) => Uint8Array,
): EphemeralAnswer | undefined {
  answering ??= createECDH(curve)
  setScalar(answering, random)
  const agreed = agreeWith(answering, theirs)
  return agreed === undefined ? undefined : { point: answering.getPublicKey(), agreed }
}

/** Makes a half of an exchange. */
export function newEphemeral(random: (bytes: number) => Uint8Array): Ephemeral {
  const ecdh = createECDH(curve)
  // Faster than generateKeys, and tests can hand in fixed bytes.
  setScalar(ecdh, random)
  return {
    point: ecdh.getPublicKey(),
    agree: (point) => agreeWith(ecdh, point),
  }
}

function agreeWith(ecdh: ECDH, point: Uint8Array): Buffer | undefined {
  if (point.length !== pointBytes || point[0] !== 4) return undefined
  try {
    return createHash('sha256').update(ecdh.computeSecret(point)).digest()
  } catch {
    return undefined
  }
}

/** Random bytes are a scalar of the curve but for one case in 2^32, in which other bytes are asked for. */
function setScalar(ecdh: ECDH, random: (bytes: number) => Uint8Array): void {
  for (let attempt = 0; ; attempt++) {
    try {
      ecdh.setPrivateKey(random(scalarBytes))
      return
    } catch (cause) {
      if (attempt === 2) throw cause
    }
  }
}
