/**
 * Runs examples/browser/sealed.js against the vectors, in a page: `runVectors(vectors)` gives a list of
 * {set, name, ok, problem?}. Vectors are by the name of their file.
 */
import * as sealed from '/sealed.js'

/** What must fail otherwise than by an answer that differs. */
class Difference extends Error {}

const bytesOf = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))
const hexOf = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
const publicOf = ({ kty, n, e }) => ({ kty, n, e })

function equal(one, other) {
  if (one !== other) throw new Difference(`${one} is not ${other}`)
}

export async function runVectors({ keys, handshake, records, signatures, enrolment, 'end-to-end': endToEnd }) {
  const results = []
  /** A good case must give what it says; a bad one must be refused. */
  const check = async (set, { name, valid = true }, work) => {
    let problem
    try {
      await work()
      if (!valid) problem = 'was not refused'
    } catch (error) {
      if (valid || error instanceof Difference) problem = `${error.name}: ${error.message}`
    }
    results.push({ set, name, ok: problem === undefined, problem })
  }
  const own = new Map()
  const keysOf = async (name) => {
    if (!own.has(name)) own.set(name, await sealed.importKeys(keys[name]))
    return own.get(name)
  }
  const thumbprintOf = (name) => sealed.thumbprint(keys[name])

  const signed = async (of, text, signature) => {
    equal(hexOf(text), of.text)
    if (!(await sealed.isSigned(publicOf(keys[of.key]), text, signature))) throw new Error('not signed')
  }
  const byName = new Map(handshake.handshakes.map((of) => [of.name, of]))
  /** A handshake of the vectors, at the point where frame 2 has been sent. */
  const handshakeOf = async (of) => {
    const secret = of.resumption && bytesOf(of.resumption.resumptionSecret)
    const made = new sealed.Handshake(await keysOf(of.client), of.offer, secret)
    made.nonce = bytesOf(of.clientNonce)
    made.share = bytesOf(of.clientShare ?? '')
    made.ephemeral = { privateKey: await scalarKey(of) }
    made.terminalBody = of.terminal
    return made
  }

  for (const of of handshake.handshakes.filter(({ suite }) => suite === 1)) {
    await check('handshake/handshakes', of, async () => {
      const offer = sealed.contentOf(of.offer, 'PlatformKeyMessage')
      await sealed.checkOffer(offer, await thumbprintOf('identity'), of.now)
      if (of.resumption !== undefined) {
        const head = of.terminal.slice(0, of.terminal.lastIndexOf(',\\"Mac\\"'))
        const mac = await sealed.ticketMac(bytesOf(of.resumption.resumptionSecret), of.offer, head)
        equal(hexOf(mac), of.resumption.ticketMac)
      }
      const made = await handshakeOf(of)
      const session = await made.finish(of.finish)
      equal(hexOf(session.transcript), of.transcript)
      equal(hexOf(session.resumptionSecret), of.keys.resumptionSecret)
      equal(hexOf(session.signingKey), of.keys.signingKey)
      equal(hexOf(session.clientFinishKey), of.keys.clientFinishKey)
      const proof = bytesOf(of.proof)
      equal(hexOf(await session.sending.seal(0, proof)), of.firstRecord)
      equal((await session.receiving.open(bytesOf(of.serverRecord))).kind, 1)
      // Signatures are different each time, but all of one length.
      const mine = await made.proof(session)
      equal(hexOf(mine.subarray(0, 34)), hexOf(proof.subarray(0, 34)))
      equal(mine.length + of.authFrame.length / 2, proof.length)
    })
  }
  for (const of of handshake.offers) {
    await check('handshake/offers', of, async () => {
      const offer = sealed.contentOf(of.offer, 'PlatformKeyMessage')
      const shown = await sealed.checkOffer(offer, undefined, of.now)
      for (const older of of.olderIdentities ?? []) equal(await sealed.checkOffer(offer, older, of.now), shown)
      const stranger = await thumbprintOf('strangerIdentity')
      const refused = await sealed.checkOffer(offer, stranger, of.now).catch(({ code }) => code)
      equal(refused, 'server_key_changed')
    })
  }
  for (const of of handshake.badFinishes) {
    const good = byName.get(of.handshake)
    if (good.suite !== 1) continue
    const made = await handshakeOf(good)
    await check('handshake/badFinishes', { ...of, valid: false }, () => made.finish(of.finish))
  }
  const streamOf = ({ sender, recordKey, ivKey, firstCounter }) =>
    new sealed.RecordKeys(sender === 'client' ? 0 : 1, bytesOf(recordKey), bytesOf(ivKey), firstCounter)
  for (const of of records.streams.filter(({ suite }) => suite === 1)) {
    await check('records/streams', of, async () => {
      const [sender, receiver] = [streamOf(of), streamOf(of)]
      for (const { type, plaintext, record } of of.records) {
        equal(hexOf(await sender.seal(type, bytesOf(plaintext))), record)
        if (of.sender === 'client') continue
        const opened = await receiver.open(bytesOf(record))
        equal(opened.kind, type)
        equal(hexOf(opened.plain), plaintext)
      }
    })
  }
  for (const of of records.bad.filter(({ suite }) => suite === 1)) {
    const receiver = streamOf(of)
    const [bad, ...good] = [...of.records].reverse()
    for (const record of good.reverse()) await receiver.open(bytesOf(record))
    await check('records/bad', { ...of, valid: false }, () => receiver.open(bytesOf(bad)))
  }
  for (const of of signatures.keySignatures.filter(({ sign }) => sign.Alg === 'PS256')) {
    await check('signatures/PS256', of, async () =>
      signed(of, await sealed.messageText(of.fields, of.fields.FromUserId, of.sign.Key), of.sign.Signature),
    )
  }
  for (const [set, context] of [
    ['enrolments', 'parley enrolment v1'],
    ['approvals', 'parley key approval v1'],
  ]) {
    for (const of of enrolment[set]) {
      const nonce = of.Nonce === undefined ? [] : [of.Nonce]
      const text = sealed.signedText(context, of.UserId, of.DeviceId, of.Server, of.Thumbprint, ...nonce)
      await check(`enrolment/${set}`, of, () => signed(of, text, of.signature))
    }
  }
  for (const of of enrolment.keyLogs) {
    await check('enrolment/keyLogs', of, async () => {
      const log = new sealed.KeyLog(of.UserId)
      for (const entry of of.entries) await log.add(entry)
      if (!of.valid) return
      equal(log.head.hash, of.result.head)
      equal([...log.keys.keys()].sort().join(), [...of.result.enrolled].sort().join())
      if (of.pinned === undefined) return
      const { length, head } = of.pinned
      equal(length === 0 || log.hashes[length - 1] === head, of.result.extendsPinned)
    })
  }
  for (const { users, number } of enrolment.safetyNumbers) {
    const [one, other] = users
    await check('enrolment/safetyNumbers', { name: number }, async () =>
      equal(await sealed.safetyNumber(one.userId, one.thumbprints, other.userId, other.thumbprints), number),
    )
  }
  for (const of of endToEnd.cases) {
    await check('end-to-end/cases', of, async () => {
      const names = await Promise.all(
        of.senderKeys.map(async (name) => [await thumbprintOf(name), publicOf(keys[name])]),
      )
      const inner = await sealed.openEndToEnd(await keysOf(of.deviceKey), new Map(names), of.envelope, of.jws)
      if (of.valid) equal(JSON.stringify([inner.MsgType, inner.Content]), JSON.stringify(Object.values(of.message)))
    })
  }
  return results
}

/** WebCrypto takes a P-256 private key only together with its public one: PKCS #8 without it does. */
async function scalarKey({ clientScalar }) {
  const head = '3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420'
  const algorithm = { name: 'ECDH', namedCurve: 'P-256' }
  return crypto.subtle.importKey('pkcs8', bytesOf(head + clientScalar), algorithm, false, ['deriveBits'])
}
