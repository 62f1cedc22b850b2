/** A server and a client with fixed keys, for tests of the handshake. */
import { createSecretKey, randomBytes } from 'node:crypto'
import {
  type ClientSession,
  type ClientTicket,
  clientKeyOf,
  makeResumption,
  makeTerminalKey,
  type PendingHandshake,
  takeFinish,
} from '../../src/security/client-handshake.ts'
import { certifyHandshakeKey } from '../../src/security/handshake-keys.ts'
import { readSessionKeys, type SessionKeys } from '../../src/security/key-schedule.ts'
import { type Offer, type OfferParts, offerWriter, readOffer } from '../../src/security/offer.ts'
import { answerTerminal, type ServerExchange, type ServerExchangeInput } from '../../src/security/server-handshake.ts'
import { makeSuite3Terminal } from '../../src/security/suite3.ts'
import type { SuiteNumber } from '../../src/security/suites.ts'
import { mintTicket, type TicketClaims } from '../../src/security/tickets.ts'
import { vectorKey } from '../vectors/vector-files.ts'

export const now = 1_763_000_000
export const day = 86_400
export const suites: readonly SuiteNumber[] = [1, 2, 3]

const identity = vectorKey('identity')

export const ticketKeys = [
  { id: Buffer.from('key2'), key: createSecretKey(Buffer.alloc(32, 2)) },
  { id: Buffer.from('key1'), key: createSecretKey(Buffer.alloc(32, 1)) },
]

export const alice = clientKeyOf(vectorKey('alice').privateKey)

export const certificate = certifyHandshakeKey(
  identity.privateKey,
  { key: vectorKey('handshake').jwk, notBefore: now - day, notAfter: now + 20 * day },
  { suite3: true },
)

/** The body of frame 1. */
export function offerBody(changes: Partial<OfferParts> = {}): Buffer {
  const parts = { suites, identity: identity.jwk, certificate, rotations: [], ...changes }
  return offerWriter(parts)({ nonce: randomBytes(32), now })
}

/** Frame 1 as a client reads it. */
export function offerOf(body: Uint8Array): Offer {
  const read = readOffer(body, now)
  if (!read.ok) throw new Error(read.problem)
  return read.offer
}

/** Frame 2 of a full handshake in any suite. */
export function terminalOf(offer: Offer, suite: SuiteNumber): PendingHandshake {
  if (suite === 3) return makeSuite3Terminal(offer, alice, { now })
  return makeTerminalKey(offer, { suite, key: alice }, { now })
}

/** What the pool gets for a frame 2. */
export function inputOf(offer: Uint8Array, terminal: Uint8Array): ServerExchangeInput {
  const handshakeKey = vectorKey('handshake').privateKey
  return { offerBody: offer, terminalBody: terminal, handshakeKey, suites, ticketKeys, now }
}

/** The server's answer, which must not be a refusal. */
export function answerOf(offer: Uint8Array, terminal: Uint8Array): ServerExchange {
  const answer = answerTerminal(inputOf(offer, terminal))
  if (!answer.ok) throw new Error(answer.reason)
  return answer
}

/** A whole handshake up to frame 3. */
export interface Handshake {
  readonly offer: Buffer
  readonly pending: PendingHandshake
  readonly answer: ServerExchange
  readonly session: ClientSession
  /** The server's keys, which are the client's too. */
  readonly keys: SessionKeys
}

/** A full handshake. */
export function handshake(suite: SuiteNumber): Handshake {
  const offer = offerBody()
  return finish(offer, terminalOf(offerOf(offer), suite))
}

/** A resumption. */
export function resumption(ticket: ClientTicket): Handshake {
  const offer = offerBody()
  return finish(offer, makeResumption(offerOf(offer), ticket, { now }))
}

/** A ticket of a session. */
export function ticketOf({ answer, session }: Handshake, changes: Partial<TicketClaims> = {}): ClientTicket {
  const { resumptionSecret } = session.keys
  const claims = {
    user: 'alice',
    device: 'desk',
    thumbprint: answer.thumbprint,
    role: 'user',
    expires: now + day,
    generation: 3,
    suite: answer.suite,
    resumptionSecret,
    ...changes,
  }
  return { text: mintTicket(ticketKeys, claims, randomBytes), suite: answer.suite, resumptionSecret }
}

/** The same bytes with one bit changed. */
export function flipped(bytes: Uint8Array, index: number, bit = index % 8): Buffer {
  const copy = Buffer.from(bytes)
  copy.writeUInt8(copy.readUInt8(index) ^ (1 << bit), index)
  return copy
}

function finish(offer: Buffer, pending: PendingHandshake): Handshake {
  const answer = answerOf(offer, pending.terminalBody)
  const session = takeFinish(pending, answer.body3)
  if (session === undefined) throw new Error('the client refused frame 3')
  return { offer, pending, answer, session, keys: readSessionKeys(answer.okm) }
}
