/**
 * The client's half of the handshake, as pure steps: `readOffer`, then `makeTerminalKey` or `makeResumption` for frame 2,
 * then `takeFinish` for frame 3, then `clientProof` for the first record. Who drives them is the transport.
 */
import { type KeyObject, randomBytes } from 'node:crypto'
import { decodeBase64Url, encodeBase64Url } from './base64url.ts'
import { makeClientProof } from './client-proof.ts'
import { type Ephemeral, newEphemeral, pointBytes } from './ephemeral.ts'
import { readFinish, takeFinishMac } from './finish-frame.ts'
import { type Members, writeTerminalBody } from './handshake-body.ts'
import { importPublicKey, publicJwkOf, type RsaPublicJwk, thumbprintOf } from './jwk.ts'
import type { SessionKeys } from './key-schedule.ts'
import { decryptShare, encryptShare, readShare, shareBytes } from './oaep.ts'
import { nonceBytes, type Offer } from './offer.ts'
import { resumptionInputKey, ticketMac } from './resumption.ts'
import type { Secret } from './secret.ts'
import { type Suite, type SuiteNumber, suiteOf } from './suites.ts'
import { ticketMacTail } from './transcript.ts'

/** A client's RSA key, ready for use: made once, not for each handshake. */
export interface ClientKey {
  readonly privateKey: KeyObject
  readonly publicJwk: RsaPublicJwk
  readonly thumbprint: string
}

/** What a client keeps of a session in order to come back without RSA. */
export interface ClientTicket {
  /** `Ticket` of the `AuthResponse`. */
  readonly text: string
  readonly suite: SuiteNumber
  /** `keys.resumptionSecret` of the session in which it came. */
  readonly resumptionSecret: Secret
}

/** What both kinds of frame 2 are made from. */
export interface TerminalOptions {
  /** Unix time in seconds. */
  readonly now: number
  /** For tests; else node:crypto's. */
  readonly random?: (bytes: number) => Uint8Array
}

/** A handshake that waits for frame 3. Used once. */
export interface PendingHandshake {
  readonly suite: SuiteNumber
  /** Frame 2, to be sent as it is. */
  readonly terminalBody: Buffer
  /** In a full handshake; a resumption has no signature. */
  readonly clientKey: ClientKey | undefined
  readonly offerBody: Uint8Array
  /** What the keys come from, once the members of frame 3 are there; undefined when they do not have their form. */
  readonly inputKey: (finish: Members) => Uint8Array | undefined
}

/** A session, on the client's side. */
export interface ClientSession {
  readonly suite: SuiteNumber
  readonly keys: SessionKeys
  readonly transcript: Uint8Array
  /** In a full handshake. */
  readonly clientKey: ClientKey | undefined
}

/** Prepares a private key for handshakes. Throws RangeError for one that breaks the key rules. */
export function clientKeyOf(privateKey: KeyObject): ClientKey {
  const publicJwk = publicJwkOf(privateKey)
  return { privateKey, publicJwk, thumbprint: thumbprintOf(publicJwk) }
}

/** The first of the client's suites that the server offers, or undefined. */
export function chooseSuite(offer: Offer, wanted: readonly SuiteNumber[]): SuiteNumber | undefined {
  return wanted.find((suite) => offer.suites.includes(suite))
}

/**
 * Makes frame 2 of a full handshake in suite 1 or 2. Suite 3 has `makeSuite3Terminal`.
 *
 * @throws RangeError for a suite that was not offered
 */
export function makeTerminalKey(
  offer: Offer,
  client: { readonly suite: SuiteNumber; readonly key: ClientKey },
  { now, random = randomBytes }: TerminalOptions,
): PendingHandshake {
  const suite = offeredSuite(offer, client.suite)
  const ephemeral = newEphemeral(random)
  const share = random(shareBytes)
  const members = {
    Suite: suite.number,
    Key: client.key.publicJwk,
    Nonce: encodeBase64Url(random(nonceBytes)),
    Point: encodeBase64Url(ephemeral.point),
    Share: encryptShare(importPublicKey(offer.handshakeKey), share, suite),
  }
  return {
    suite: suite.number,
    terminalBody: writeTerminalBody(now, members),
    clientKey: client.key,
    offerBody: offer.body,
    inputKey: (finish) => {
      const agreed = agreeWith(ephemeral, finish)
      const ciphertext = readShare(finish['Share'], client.key.privateKey)
      if (agreed === undefined || ciphertext === undefined) return undefined
      const serverShare = decryptShare(client.key.privateKey, ciphertext, suite, random(shareBytes))
      return Buffer.concat([share, serverShare, agreed])
    },
  }
}

/**
 * Makes frame 2 of a resumption.
 *
 * @throws RangeError for a suite that was not offered, or has no tickets
 */
export function makeResumption(
  offer: Offer,
  ticket: ClientTicket,
  { now, random = randomBytes }: TerminalOptions,
): PendingHandshake {
  const suite = offeredSuite(offer, ticket.suite)
  const { resumptionSecret } = ticket
  const ephemeral = newEphemeral(random)
  const clientNonce = random(nonceBytes)
  const members = {
    Suite: suite.number,
    Ticket: ticket.text,
    Nonce: encodeBase64Url(clientNonce),
    Point: encodeBase64Url(ephemeral.point),
  }
  // The MAC takes the place of the three characters that close the frame.
  const head = writeTerminalBody(now, members).subarray(0, -3)
  const mac = ticketMac(resumptionSecret, offer.body, head)
  return {
    suite: suite.number,
    terminalBody: Buffer.concat([head, Buffer.from(ticketMacTail(mac), 'latin1')]),
    clientKey: undefined,
    offerBody: offer.body,
    inputKey: (finish) => {
      const agreed = agreeWith(ephemeral, finish)
      const serverNonce = decodeBase64Url(finish['Nonce'], nonceBytes)
      if (agreed === undefined || serverNonce === undefined) return undefined
      return resumptionInputKey({ resumptionSecret, clientNonce, serverNonce, agreed })
    },
  }
}

/**
 * Takes frame 3: from here on both sides have the keys, and the server has shown that it has them.
 *
 * @returns undefined when anything is wrong with it: the connection must end
 */
export function takeFinish(pending: PendingHandshake, body3: Uint8Array): ClientSession | undefined {
  const members = readFinish(body3)
  if (members === undefined || decodeBase64Url(members['Nonce'], nonceBytes) === undefined) return undefined
  const inputKey = pending.inputKey(members)
  if (inputKey === undefined) return undefined
  const taken = takeFinishMac(pending, body3, inputKey)
  return taken === undefined ? undefined : { suite: pending.suite, clientKey: pending.clientKey, ...taken }
}

/**
 * The plaintext of the client's first record (type `finish`).
 *
 * @param frame the `AuthRequest` as one whole frame, as it would be sent without sealing
 */
export function clientProof(session: ClientSession, frame: Uint8Array): Buffer {
  return makeClientProof(session, session.clientKey?.privateKey, frame)
}

function offeredSuite(offer: Offer, number: SuiteNumber): Suite {
  const suite = suiteOf(number)
  if (suite === undefined || !suite.ephemeral || !offer.suites.includes(number)) {
    throw new RangeError(`suite ${number} is not offered here`)
  }
  return suite
}

function agreeWith(ephemeral: Ephemeral, finish: Members): Buffer | undefined {
  const point = decodeBase64Url(finish['Point'], pointBytes)
  return point === undefined ? undefined : ephemeral.agree(point)
}
