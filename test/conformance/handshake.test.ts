/** What this code makes of the committed vectors of the handshake. */
import t from 'tap'
import {
  clientKeyOf,
  makeResumption,
  makeTerminalKey,
  type PendingHandshake,
  takeFinish,
} from '../../src/security/client-handshake.ts'
import { isClientMac, isTranscriptSignature, readClientProof } from '../../src/security/client-proof.ts'
import { takeFinishMac } from '../../src/security/finish-frame.ts'
import { packSessionKeys } from '../../src/security/key-schedule.ts'
import { readOffer } from '../../src/security/offer.ts'
import { RecordOpener, recordType } from '../../src/security/records.ts'
import { Secret } from '../../src/security/secret.ts'
import { answerTerminal, type ServerExchangeInput } from '../../src/security/server-handshake.ts'
import { makeSuite3Terminal } from '../../src/security/suite3.ts'
import { fixedRandom } from '../vectors/fixed-random.ts'
import type { HandshakeCase, HandshakeVectors } from '../vectors/handshake-vectors.ts'
import { vectorTicketKeys } from '../vectors/ticket-vectors.ts'
import { readVectors, vectorKey } from '../vectors/vector-files.ts'

const vectors = readVectors<HandshakeVectors>('handshake')
const unused = Buffer.alloc(32)

function bytesOf(...hex: readonly (string | undefined)[]): Buffer[] {
  return hex.filter((text) => text !== undefined).map((text) => Buffer.from(text, 'hex'))
}

function named(name: string): HandshakeCase {
  const found = vectors.handshakes.find((handshake) => handshake.name === name)
  if (found === undefined) throw new Error(`no handshake ${name}`)
  return found
}

function inputOf({ offer, now }: HandshakeCase, terminal: string): ServerExchangeInput {
  return {
    offerBody: Buffer.from(offer),
    terminalBody: Buffer.from(terminal),
    handshakeKey: vectorKey(vectors.handshakeKey).privateKey,
    suites: [1, 2, 3],
    ticketKeys: vectorTicketKeys,
    now,
  }
}

/** A client that has sent the frame 2 of the vector. */
function clientOf({ suite, client, now, offer, terminal, resumption, ...values }: HandshakeCase): PendingHandshake {
  const read = readOffer(Buffer.from(offer), now)
  if (!read.ok) throw new Error(read.problem)
  const key = clientKeyOf(vectorKey(client).privateKey)
  const random = fixedRandom([
    ...bytesOf(values.clientScalar, values.clientShare, values.clientNonce),
    ...Array(99).fill(unused),
  ])
  if (resumption !== undefined) {
    const resumptionSecret = new Secret(Buffer.from(resumption.resumptionSecret, 'hex'))
    return makeResumption(read.offer, { text: resumption.ticket, suite, resumptionSecret }, { now, random })
  }
  const pending =
    suite === 3
      ? makeSuite3Terminal(read.offer, key, { now, random })
      : makeTerminalKey(read.offer, { suite, key }, { now, random })
  // OAEP is random: the ciphertext of the vector in the place of the one just made.
  return { ...pending, terminalBody: Buffer.from(terminal) }
}

for (const handshake of vectors.handshakes) {
  t.test(handshake.name, async (t) => {
    const { suite, client, terminal, finish, inputKey, transcript, okm, resumption } = handshake
    const pending = clientOf(handshake)
    t.equal(pending.terminalBody.toString(), terminal)
    const session = takeFinish(pending, Buffer.from(finish))
    if (session === undefined) throw new Error('the client refused frame 3')
    t.equal(Buffer.from(packSessionKeys(session.keys)).toString('hex'), okm)
    t.equal(Buffer.from(session.transcript).toString('hex'), transcript)

    const frames = { offerBody: Buffer.from(handshake.offer), terminalBody: Buffer.from(terminal) }
    t.ok(takeFinishMac(frames, Buffer.from(finish), Buffer.from(inputKey, 'hex')))
    const { serverScalar, serverShare, serverNonce } = handshake
    const random = fixedRandom([...bytesOf(serverScalar, serverShare, serverNonce), unused])
    const answer = answerTerminal(inputOf(handshake, terminal), random)
    if (!answer.ok) throw new Error(answer.reason)
    t.equal(answer.thumbprint, vectorKey(client).thumbprint)
    if (resumption !== undefined) t.equal(Buffer.from(answer.body3).toString(), finish)
    t.ok(takeFinish(pending, answer.body3), 'with another ciphertext under OAEP')

    const opener = new RecordOpener({ suite, sender: 'client', keys: session.keys })
    const opened = opener.open(Buffer.from(handshake.firstRecord, 'hex'))
    t.equal(opened?.plaintext.toString('hex'), handshake.proof)
    const proof = readClientProof(opened?.plaintext ?? unused)
    if (proof === undefined) throw new Error('no proof')
    t.equal(proof.mac.toString('hex'), handshake.clientMac)
    t.ok(isClientMac(session.keys, session.transcript, proof.mac))
    t.equal(proof.frame.toString('hex'), handshake.authFrame)
    if (resumption !== undefined) t.equal(proof.signature.length, 0)
    else t.ok(isTranscriptSignature(suite, vectorKey(client).jwk, session.transcript, proof.signature))
    const server = new RecordOpener({ suite, sender: 'server', keys: session.keys })
    t.equal(server.open(Buffer.from(handshake.serverRecord, 'hex'))?.type, recordType.heartbeat)
  })
}

t.test('offers', async (t) => {
  for (const { name, now, offer, valid, olderIdentities, problem } of vectors.offers) {
    const read = readOffer(Buffer.from(offer), now)
    t.equal(read.ok, valid, name)
    if (read.ok) {
      t.equal(read.offer.identityThumbprint, vectorKey(vectors.identity).thumbprint)
      t.strictSame(read.offer.olderIdentities, olderIdentities, name)
    } else {
      t.equal(read.problem, problem, name)
    }
  }
})

t.test('frames 2 that come to nothing', async (t) => {
  for (const { name, handshake, terminal, refused } of vectors.badTerminals) {
    const answer = answerTerminal(inputOf(named(handshake), terminal))
    t.equal(answer.ok, !refused, name)
    if (answer.ok) t.equal(takeFinish(clientOf(named(handshake)), answer.body3), undefined, name)
  }
})

t.test('frames 3 that a client must refuse', async (t) => {
  for (const { name, handshake, finish } of vectors.badFinishes) {
    t.equal(takeFinish(clientOf(named(handshake)), Buffer.from(finish)), undefined, name)
  }
})
