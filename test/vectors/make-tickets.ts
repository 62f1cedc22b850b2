/** Makes `test/vectors/tickets.json`. Run: `node build/test/vectors/make-tickets.js`. The same in each run. */
import { Secret } from '../../src/security/secret.ts'
import { mintTicket, type TicketKeys } from '../../src/security/tickets.ts'
import { fixedRandom, namedBytes } from './fixed-random.ts'
import { type TicketCase, type TicketVectors, vectorTicketKeyBytes, vectorTicketKeys } from './ticket-vectors.ts'
import { vectorFile, vectorKey, writeVectors } from './vector-files.ts'

const now = 1_763_000_000
const claims = {
  user: 'alice',
  device: 'desk',
  thumbprint: vectorKey('alice').thumbprint,
  role: 'user',
  expires: now + 86_400,
  generation: 3,
  suite: 1,
  resumptionSecret: namedBytes('ticket secret').toString('hex'),
} as const
type Claims = NonNullable<TicketCase['claims']>

function minted(
  name: string,
  changes: Partial<Claims> = {},
  keys: TicketKeys = vectorTicketKeys,
): Required<TicketCase> {
  const nonce = namedBytes(name).subarray(0, 12)
  const all: Claims = { ...claims, ...changes }
  const resumptionSecret = new Secret(Buffer.from(all.resumptionSecret, 'hex'))
  const ticket = mintTicket(keys, { ...all, resumptionSecret }, fixedRandom([nonce]))
  return { name, valid: true, now, ticket, nonce: nonce.toString('hex'), claims: all }
}

const good = minted('a ticket')
const bytes = Buffer.from(good.ticket, 'base64url')

function bad(name: string, ticket: string | Buffer, time = now): TicketCase {
  return { name, valid: false, now: time, ticket: typeof ticket === 'string' ? ticket : ticket.toString('base64url') }
}

function flipped(index: number): Buffer {
  const copy = Buffer.from(bytes)
  copy.writeUInt8(copy.readUInt8(index) ^ 1, index)
  return copy
}

const file: TicketVectors = {
  description:
    'Tickets: base64url(key id (4) | nonce (12) | AES-256-GCM of a JSON array | tag (16)), additional data: signedText("parley ticket v1", key id). Clients do not read tickets; handshake.json has the MAC that a client makes with one.',
  ticketKeys: vectorTicketKeyBytes,
  tickets: [
    good,
    minted('a ticket of suite 2 for a name outside ASCII', { user: '李雷', suite: 2 }),
    minted('a ticket under the key before', {}, vectorTicketKeys.slice(1)),
    { ...good, name: 'in the last second', now: claims.expires - 1 },
    bad('expired', good.ticket, claims.expires),
    bad('another key id', flipped(3)),
    bad('another nonce', flipped(4)),
    bad('another ciphertext', flipped(20)),
    bad('another tag', flipped(bytes.length - 1)),
    bad('cut by a byte', bytes.subarray(0, -1)),
    bad('a tag of 4 bytes', bytes.subarray(0, -12)),
    bad('with padding', `${good.ticket}=`),
    bad('empty', ''),
  ],
}

writeVectors(vectorFile('tickets'), file)
