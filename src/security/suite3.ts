/**
 * Suite 3, both sides: RSA-OAEP with SHA-1 both ways and nothing else, for mono and the oldest .NET, whose base library has
 * no more than that. Without an ephemeral exchange it has no forward secrecy: whoever gets hold of both long-term private
 * keys later reads what was recorded. Off by default.
 */
import { randomBytes } from 'node:crypto'
import { decodeBase64Url, encodeBase64Url } from './base64url.ts'
import type { ClientKey, PendingHandshake, TerminalOptions } from './client-handshake.ts'
import { makeFinish } from './finish-frame.ts'
import { type Members, writeTerminalBody } from './handshake-body.ts'
import { importPublicKey, readPublicJwk, thumbprintOf } from './jwk.ts'
import { decryptShare, encryptShare, readShare, shareBytes } from './oaep.ts'
import { nonceBytes, type Offer } from './offer.ts'
import type { ServerExchangeInput, ServerExchangeResult } from './server-handshake.ts'
import { suite3 } from './suites.ts'

/** Answers frame 2 of suite 3; see `answerTerminal`, which asks for it only where suite 3 is offered. */
export function answerSuite3(
  input: ServerExchangeInput,
  members: Members,
  random: (bytes: number) => Uint8Array,
): ServerExchangeResult {
  const clientKey = readPublicJwk(members['Key'])
  if (clientKey === undefined) return { ok: false, reason: "the client's key breaks the rules for keys" }
  const nonce = decodeBase64Url(members['Nonce'], nonceBytes)
  const ciphertext = readShare(members['Share'], input.handshakeKey)
  if (nonce === undefined || ciphertext === undefined || 'Point' in members || 'Ticket' in members) {
    return { ok: false, reason: 'a malformed TerminalKeyMessage' }
  }
  const serverShare = random(shareBytes)
  const finishMembers = {
    Share: encryptShare(importPublicKey(clientKey), serverShare, suite3),
    Nonce: encodeBase64Url(random(nonceBytes)),
  }
  const clientShare = decryptShare(input.handshakeKey, ciphertext, suite3, random(shareBytes))
  const inputKey = Buffer.concat([clientShare, serverShare])
  const { body, packedKeys, transcript } = makeFinish(input, finishMembers, { createTime: input.now, inputKey })
  return {
    ok: true,
    body3: body,
    okm: packedKeys.reveal(),
    transcriptHash: transcript,
    suite: 3,
    clientKey,
    thumbprint: thumbprintOf(clientKey),
    resumed: undefined,
  }
}

/**
 * Makes frame 2 of suite 3, as `makeTerminalKey` does for the others.
 *
 * @throws RangeError when suite 3 is not offered
 */
export function makeSuite3Terminal(
  offer: Offer,
  key: ClientKey,
  { now, random = randomBytes }: TerminalOptions,
): PendingHandshake {
  if (!offer.suites.includes(3)) throw new RangeError('suite 3 is not offered here')
  const share = random(shareBytes)
  const members = {
    Suite: 3,
    Key: key.publicJwk,
    Nonce: encodeBase64Url(random(nonceBytes)),
    Share: encryptShare(importPublicKey(offer.handshakeKey), share, suite3),
  }
  return {
    suite: 3,
    terminalBody: writeTerminalBody(now, members),
    clientKey: key,
    offerBody: offer.body,
    inputKey: (finish) => {
      const ciphertext = readShare(finish['Share'], key.privateKey)
      if (ciphertext === undefined) return undefined
      return Buffer.concat([share, decryptShare(key.privateKey, ciphertext, suite3, random(shareBytes))])
    },
  }
}
