/** What this code makes of the committed vectors of tickets. */
import t from 'tap'
import { Secret } from '../../src/security/secret.ts'
import { mintTicket, openTicket } from '../../src/security/tickets.ts'
import { fixedRandom } from '../vectors/fixed-random.ts'
import { type TicketVectors, vectorTicketKeyBytes, vectorTicketKeys } from '../vectors/ticket-vectors.ts'
import { readVectors } from '../vectors/vector-files.ts'

const { ticketKeys, tickets } = readVectors<TicketVectors>('tickets')

t.test('the keys are those of the file', async (t) => {
  t.strictSame(ticketKeys, vectorTicketKeyBytes)
})

for (const { name, valid, now, ticket, nonce = '', claims } of tickets) {
  t.test(name, async (t) => {
    const opened = openTicket(vectorTicketKeys, ticket, now)
    t.equal(opened !== undefined, valid)
    if (opened === undefined || claims === undefined) return
    const { resumptionSecret, ...rest } = claims
    t.match(opened, rest)
    const secret = new Secret(Buffer.from(resumptionSecret, 'hex'))
    t.ok(opened.resumptionSecret.equals(secret))
    const keys = vectorTicketKeys.filter(({ id }) => Buffer.from(ticket, 'base64url').subarray(0, 4).equals(id))
    const minted = mintTicket(keys, { ...rest, resumptionSecret: secret }, fixedRandom([Buffer.from(nonce, 'hex')]))
    t.equal(minted, ticket)
  })
}
