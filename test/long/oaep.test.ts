import { randomBytes } from 'node:crypto'
import t from 'tap'
import { recordType } from '../../src/security/records.ts'
import { SealedClient } from '../system/support/sealed-client.ts'
import { startTestServer } from '../system/support/test-server.ts'

const ciphertexts = 10_000
/** How far apart the medians may be. */
const tolerance = 0.1
const share = /\\"Share\\":\\"([A-Za-z0-9_-]+)\\"/

/** What a client sees of a handshake that fails, and how long it takes. */
interface Seen {
  readonly answer: string
  readonly answerMs: number
  readonly endMs: number
  readonly more: number
}

t.setTimeout(900_000)

t.test(`${ciphertexts} random ciphertexts in the place of a share look like a wrong finish`, async (t) => {
  const server = await startTestServer(t, { users: ['amy'] })
  const ports = { tcp: server.port(), ws: server.port('ws') }
  const probe = await SealedClient.connect(ports)
  const modulus = Buffer.from((await probe.offer()).handshakeKey.n, 'base64url')
  probe.destroy()

  /** Any number below the modulus: one above it is no ciphertext, which whoever sends it knows without the server. */
  const randomShare = (): string => {
    for (;;) {
      const bytes = randomBytes(modulus.length)
      if (Buffer.compare(bytes, modulus) < 0) return bytes.toString('base64url')
    }
  }

  const fail = async (isRandom: boolean): Promise<Seen> => {
    const client = await SealedClient.connect(ports)
    const pending = client.answer(await client.offer())
    const body = pending.terminalBody.toString('latin1')
    // Both are written anew, so that the client's own work is the same.
    const other = randomShare()
    const own = share.exec(body)?.[1] ?? ''
    const sent = Buffer.from(body.replace(own, isRandom ? other : own), 'latin1')
    const begun = performance.now()
    client.sendText(sent)
    const answer = await client.nextUnit('the last frame of the handshake')
    const answered = performance.now()
    const wrong = randomBytes(400)
    wrong[0] = recordType.finish
    client.sendRecord(wrong)
    await client.ended()
    const ended = performance.now()
    return {
      answer: answer.toString('latin1').replaceAll(/[A-Za-z0-9_-]{43,}|\d{10}/g, (text) => `<${text.length}>`),
      answerMs: answered - begun,
      endMs: ended - answered,
      more: client.units.length,
    }
  }

  for (let count = 0; count < 200; count++) await fail(count % 2 === 0)
  server.lines.length = 0
  const seen: { random: Seen[]; finish: Seen[] } = { random: [], finish: [] }
  for (let count = 0; count < ciphertexts; count++) {
    // In turns, and each first as often as the other: what else the machine does falls on both.
    for (const isRandom of count % 2 === 0 ? [true, false] : [false, true]) {
      seen[isRandom ? 'random' : 'finish'].push(await fail(isRandom))
    }
  }

  const all = [...seen.random, ...seen.finish]
  t.equal(new Set(all.map(({ answer }) => answer)).size, 1, 'the same frame but for what is random in it')
  t.equal(new Set(all.map(({ more }) => more)).size, 1, 'nothing follows it')
  const reasons = server.lines
    .filter(({ message }) => message === 'connection closed')
    .map(({ fields }) => `${String(fields['reason'])}: ${String(fields['detail'])}`)
  t.same([...new Set(reasons)], ['handshake_failed: not_opened'], 'not even the log tells them apart')
  for (const what of ['answerMs', 'endMs'] as const) {
    const [random, finish] = [seen.random, seen.finish].map((list) => median(list.map((one) => one[what])))
    const ratio = (random ?? 0) / (finish ?? 1)
    t.comment(`${what}: median ${random?.toFixed(3)} ms against ${finish?.toFixed(3)} ms, ${ratio.toFixed(3)}`)
    t.ok(Math.abs(ratio - 1) <= tolerance, `${what} within ${tolerance * 100} %`)
  }
})

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}
