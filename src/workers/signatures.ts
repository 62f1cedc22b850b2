/** Verifies signatures in a pool thread: bundles of messages, and single texts. Keys are kept as they were imported. */
import { decodeBase64Url } from '../security/base64url.ts'
import { rsaVerify } from '../security/rsa-signature.ts'
import { SenderKeyCache, signatureVerdicts, verifyBundle } from '../security/signature-bundle.ts'
import type { SignatureResult, SignatureTask, SignedTextItem } from './tasks.ts'

/** Keys that each thread keeps: one takes some KiB, and importing it as long as half a verification. */
const cachedKeysMax = 1024
const cache = new SenderKeyCache(cachedKeysMax)

/** Does a task of the lane `signatures`. */
export function doSignatureTask(task: SignatureTask): SignatureResult {
  switch (task.kind) {
    case 'bundle':
      return verifyBundle(task.bytes, cache)
    case 'texts':
      return Uint8Array.from(task.items, (item) => (isGood(item) ? signatureVerdicts.good : signatureVerdicts.bad))
  }
}

function isGood({ modulus, text, signature, allowsRs256 }: SignedTextItem): boolean {
  const key = cache.get(modulus)
  const bytes = decodeBase64Url(signature)
  if (key === undefined || bytes === undefined) return false
  if (rsaVerify('PS256', key.key, text, bytes)) return true
  return allowsRs256 === true && rsaVerify('RS256', key.key, text, bytes)
}
