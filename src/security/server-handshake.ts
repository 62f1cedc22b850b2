/**
 * The server's half of the handshake: from frame 2 to frame 3. Plain data in, plain data out, so that it can run in a pool
 * thread. One private operation in a full handshake, none before frame 2 is known to be well-formed, none in a resumption.
 */
import { type KeyObject, randomBytes } from 'node:crypto'
import { decodeBase64Url, encodeBase64Url } from './base64url.ts'
import { answerEphemeral, pointBytes } from './ephemeral.ts'
import { type FinishMade, makeFinish } from './finish-frame.ts'
import { type Members, readHandshakeBody, terminalType } from './handshake-body.ts'
import { importPublicKey, type RsaPublicJwk, readPublicJwk, thumbprintOf } from './jwk.ts'
import { decryptShare, encryptShare, readShare, shareBytes } from './oaep.ts'
import { nonceBytes } from './offer.ts'
import { resumptionInputKey, ticketMac } from './resumption.ts'
import { secretsEqual } from './secret.ts'
import { answerSuite3 } from './suite3.ts'
import { type Suite, type SuiteNumber, suiteOf } from './suites.ts'
import { openTicket, type TicketClaims, type TicketKeys } from './tickets.ts'
import { splitTicketMac } from './transcript.ts'

/** What the pool gets. Can be sent to another thread as it is. */
export interface ServerExchangeInput {
  /** The exact bodies of frames 1 and 2. */
  readonly offerBody: Uint8Array
  readonly terminalBody: Uint8Array
  /** The private half of the handshake key in that offer. */
  readonly handshakeKey: KeyObject
  /** The suites in that offer. */
  readonly suites: readonly number[]
  readonly ticketKeys: TicketKeys
  /** Unix time in seconds. */
  readonly now: number
}

/** Who comes back with a ticket. */
export type ResumedClaims = Pick<TicketClaims, 'user' | 'device' | 'role' | 'generation' | 'expires' | 'boundTo'>

/** A handshake that goes on. Whether the client has the keys too, its first record will show. */
export interface ServerExchange {
  readonly ok: true
  /** Frame 3. */
  readonly body3: Uint8Array
  /** The 320 bytes of session keys: see `readSessionKeys`. */
  readonly okm: Uint8Array
  readonly transcriptHash: Uint8Array
  readonly suite: SuiteNumber
  /** The client's key, in a full handshake: its signature comes in the first record. */
  readonly clientKey: RsaPublicJwk | undefined
  /** The client's key, or the one that the ticket began with. */
  readonly thumbprint: string
  /** In a resumption. */
  readonly resumed: ResumedClaims | undefined
}

/** A frame 2 that ends the connection without a word; the reason is for the log. */
export interface ServerExchangeRefused {
  readonly ok: false
  readonly reason: string
}

/** What comes of frame 2. */
export type ServerExchangeResult = ServerExchange | ServerExchangeRefused

/** A full handshake takes so much: a scalar, a share, a nonce, and what stands for a share that can't be decrypted. */
const randomBytesUsed = 128

/** Random bytes for one handshake, drawn from the system at once: four calls cost four times as much. */
function drawRandom(): (bytes: number) => Uint8Array {
  const drawn = randomBytes(randomBytesUsed)
  let used = 0
  return (bytes) => {
    if (used + bytes > drawn.length) return randomBytes(bytes)
    used += bytes
    return drawn.subarray(used - bytes, used)
  }
}

/**
 * Answers frame 2 with frame 3.
 *
 * A share that can't be decrypted is not refused: the answer is as ever, and the client's MAC will be wrong.
 *
 * @param random for tests; else node:crypto's
 */
export function answerTerminal(
  input: ServerExchangeInput,
  random: (bytes: number) => Uint8Array = drawRandom(),
): ServerExchangeResult {
  const members = readHandshakeBody(input.terminalBody, terminalType)
  if (members === undefined) return refuse('the second frame is not a TerminalKeyMessage')
  const suite = suiteOf(members['Suite'])
  if (suite === undefined || !input.suites.includes(suite.number)) return refuse('a suite that was not offered')
  if (!suite.ephemeral) return answerSuite3(input, members, random)
  return 'Ticket' in members
    ? answerResumption(input, suite, members, random)
    : answerFull(input, suite, members, random)
}

function answerFull(
  input: ServerExchangeInput,
  suite: Suite,
  members: Members,
  random: (bytes: number) => Uint8Array,
): ServerExchangeResult {
  const clientKey = readPublicJwk(members['Key'])
  if (clientKey === undefined) return refuse("the client's key breaks the rules for keys")
  const point = decodeBase64Url(members['Point'], pointBytes)
  const ciphertext = readShare(members['Share'], input.handshakeKey)
  if (decodeBase64Url(members['Nonce'], nonceBytes) === undefined || point === undefined || ciphertext === undefined) {
    return refuse('a malformed TerminalKeyMessage')
  }
  const ephemeral = answerEphemeral(point, random)
  if (ephemeral === undefined) return refuse('a point that is not on the curve')
  const { agreed } = ephemeral
  const serverShare = random(shareBytes)
  const finishMembers = {
    Point: encodeBase64Url(ephemeral.point),
    Share: encryptShare(importPublicKey(clientKey), serverShare, suite),
    Nonce: encodeBase64Url(random(nonceBytes)),
  }
  const clientShare = decryptShare(input.handshakeKey, ciphertext, suite, random(shareBytes))
  const inputKey = Buffer.concat([clientShare, serverShare, agreed])
  const made = makeFinish(input, finishMembers, { createTime: input.now, inputKey })
  return exchangeOf(made, { suite: suite.number, clientKey, thumbprint: thumbprintOf(clientKey), resumed: undefined })
}

function answerResumption(
  input: ServerExchangeInput,
  suite: Suite,
  members: Members,
  random: (bytes: number) => Uint8Array,
): ServerExchangeResult {
  if ('Key' in members || 'Share' in members) return refuse('a ticket and a key in one TerminalKeyMessage')
  const parts = splitTicketMac(input.terminalBody)
  const point = decodeBase64Url(members['Point'], pointBytes)
  const clientNonce = decodeBase64Url(members['Nonce'], nonceBytes)
  if (parts === undefined || point === undefined || clientNonce === undefined) {
    return refuse('a malformed TerminalKeyMessage')
  }
  const ticket = openTicket(input.ticketKeys, members['Ticket'], input.now)
  if (ticket === undefined || ticket.suite !== suite.number) return refuse('a ticket that does not open')
  const { resumptionSecret, thumbprint } = ticket
  if (!secretsEqual(ticketMac(resumptionSecret, input.offerBody, parts.head), parts.mac)) {
    return refuse('a ticket without its secret')
  }
  const ephemeral = answerEphemeral(point, random)
  if (ephemeral === undefined) return refuse('a point that is not on the curve')
  const { agreed } = ephemeral
  const serverNonce = random(nonceBytes)
  const finishMembers = { Point: encodeBase64Url(ephemeral.point), Nonce: encodeBase64Url(serverNonce) }
  const inputKey = resumptionInputKey({ resumptionSecret, clientNonce, serverNonce, agreed })
  const made = makeFinish(input, finishMembers, { createTime: input.now, inputKey })
  const { user, device, role, generation, expires, boundTo } = ticket
  const resumed = { user, device, role, generation, expires, boundTo }
  return exchangeOf(made, { suite: suite.number, clientKey: undefined, thumbprint, resumed })
}

/** What goes back to the acceptor, as plain data. */
function exchangeOf(
  { body, packedKeys, transcript }: FinishMade,
  who: Pick<ServerExchange, 'suite' | 'clientKey' | 'thumbprint' | 'resumed'>,
): ServerExchange {
  return { ok: true, body3: body, okm: packedKeys.reveal(), transcriptHash: transcript, ...who }
}

function refuse(reason: string): ServerExchangeRefused {
  return { ok: false, reason }
}
