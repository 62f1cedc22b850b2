// The worked examples of docs/protocol.md, out of test/vectors: so the numbers on that page are those that the tests check.
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = join(dirname(dirname(fileURLToPath(import.meta.url))), 'test', 'vectors')
const bytesOnLine = 32
const labelWidth = 20

/** A sealed session from frame 1 to the first records, with everything that is computed on the way. */
export function sealedSessionExample() {
  const { handshakes } = load('handshake')
  const full = handshakes.find(({ name }) => name === 'suite 1')
  const back = handshakes.find(({ name }) => name === 'suite 1, resumption')
  const { keys } = full
  return `**1.** The server's offer, frame 1. This is its body, ${full.offer.length} bytes:

${text(full.offer)}

**2.** The client's answer, frame 2, ${full.terminal.length} bytes. \`Key\` is \`alice\` of [keys.json](../test/vectors/keys.json), where its private half is too.

${text(full.terminal)}

Behind it are

${values([
  ['P-256 private key', full.clientScalar],
  ["client's share", full.clientShare],
])}

**3.** Frame 3, ${full.finish.length} bytes:

${text(full.finish)}

Its head is the first ${full.finish.lastIndexOf(',\\"Finish\\"')} bytes; behind it comes \`,\\"Finish\\":\\"…\`. The client decrypts \`Share\`, and multiplies \`Point\` by its private key:

${values([
  ["server's share", full.serverShare],
  ['x', full.sharedX],
])}

**4.** Both compute

${values([
  ['IKM', full.inputKey],
  ['TH', full.transcript],
  ['OKM: c2s record key', keys.clientRecordKey],
  ['c2s IV key', keys.clientIvKey],
  ['s2c record key', keys.serverRecordKey],
  ['s2c IV key', keys.serverIvKey],
  ["client's finish key", keys.clientFinishKey],
  ["server's finish key", keys.serverFinishKey],
  ['resumption secret', keys.resumptionSecret],
  ['signing key', keys.signingKey],
  ["server's MAC", full.serverMac],
  ["client's MAC", full.clientMac],
])}

The server's MAC in base64url is the \`Finish\` of frame 3: the server is who it says.

**5.** The client's first record: type 0, counter 0. Its plaintext is the MAC, the length of the signature, the signature (another one each time: PSS is random), and the frame
\`␂${JSON.stringify(JSON.parse(ascii(full.authFrame).slice(1, -1)))}␃\`:

${values([
  ['plaintext', full.proof],
  ['associated data', boundOf(1, 0, 0, 0, full.proof.length / 2)],
  ['nonce', keys.clientIvKey.slice(0, 24)],
  ['record', full.firstRecord],
])}

On TCP: \`02\`, the record in base64 (\`${Buffer.from(full.firstRecord, 'hex').toString('base64').slice(0, 12)}…\`, ${Math.ceil(full.firstRecord.length / 6) * 4} characters), \`03\`.

**6.** The server's first record. Here it is a heartbeat, type 1, without plaintext, so only the tag follows the type:

${values([
  ['associated data', boundOf(1, 1, 0, 1, 0)],
  ['nonce', keys.serverIvKey.slice(0, 24)],
  ['record', full.serverRecord],
])}

**Coming back.** The ticket of another session, with its secret, on another connection (frame 1 is in [handshake.json](../test/vectors/handshake.json), "${back.name}"). Frames 2 and 3:

${text(back.terminal)}

${text(back.finish)}

${values([
  ['resumption secret', back.resumption.resumptionSecret],
  ['Mac', back.resumption.ticketMac],
  ["client's nonce", back.clientNonce],
  ["server's nonce", back.serverNonce],
  ['P-256 private key', back.clientScalar],
  ['x', back.sharedX],
  ['IKM', back.inputKey],
  ['TH', back.transcript],
  ["server's MAC", back.serverMac],
  ['first plaintext', back.proof],
  ['first record', back.firstRecord],
])}
`
}

/** Records of suite 2, with what they are made of. */
export function recordsExample() {
  const { streams } = load('records')
  const stream = streams.find(
    ({ suite, sender, firstCounter }) => suite === 2 && sender === 'client' && firstCounter === 0,
  )
  const data = stream.records.find(({ type }) => type === 4)
  const update = stream.records.find(({ type }) => type === 2)
  return `A record of suite 2 from the client, type 4, counter ${data.counter}, with one frame in it:

${values([
  ['record key', stream.recordKey],
  ['IV key', stream.ivKey],
  ['plaintext', data.plaintext],
  ['associated data', data.aad],
  ['IV', data.iv],
  ['record', data.record],
  ['in base64', data.base64],
])}

A key update in the same direction, type 2, counter ${update.counter}, and the record key after it:

${values([
  ['record', update.record],
  ['next record key', update.nextRecordKey],
])}
`
}

/** What is signed for an enrolment, hashed in a log, and compared by telephone. */
export function keysExample() {
  const { enrolments, approvals, keyLogs, hashedTexts, safetyNumbers } = load('enrolment')
  const [enrolment] = enrolments
  const [approval] = approvals
  const [hashed] = hashedTexts
  const entry = keyLogs.flatMap(({ entries }) => entries).find(({ Hash }) => Hash === hashed.Hash)
  const number = safetyNumbers.find(({ users }) => users.every(({ thumbprints }) => thumbprints.length > 0))
  const sides = number.users.map(({ userId, thumbprints }) => `${userId} with ${thumbprints.join(' and ')}`)
  return `The enrolment of a key of the user \`${enrolment.UserId}\` on the device \`${enrolment.DeviceId}\`, and an approval: what is signed.

${values([
  ['server', enrolment.Server],
  ['key', enrolment.Thumbprint],
  ['nonce of frame 1', enrolment.Nonce],
  ['enrolment', enrolment.text],
  ['approval', approval.text],
])}

The first entry of a log, without its \`Key\`, and what its \`Hash\` is the SHA-256 of:

${text(JSON.stringify({ ...entry, Key: undefined }))}

${values([['hashed', hashed.text]])}

A safety number, of ${sides.join(', and ')}:

${text(number.number)}
`
}

/** What PS256 signs, and what HS256 is made of. */
export function signaturesExample() {
  const { keySignatures, sessionSignatures } = load('signatures')
  const [signed] = keySignatures
  const [session] = sessionSignatures
  return `What PS256 signs of a message, and a signature by the key \`alice\`:

${text(JSON.stringify({ ...signed.fields, Sign: signed.sign }))}

${values([
  ['SHA-256 of Content', signed.contentSha256],
  ['signed', signed.text],
])}

HS256 of the same:

${text(JSON.stringify(session.sign))}

${values([
  ['signing key', session.signingKey],
  ['hashed to D', session.text],
  ['text of the MAC', Buffer.from(session.macText, 'utf8').toString('hex')],
])}
`
}

/** A message from end to end, taken apart. */
export function endToEndExample() {
  const { parts, cases } = load('end-to-end')
  const [message] = cases
  return `A message, taken apart; the keys are in [keys.json](../test/vectors/keys.json). The envelope around it says

${text(JSON.stringify(message.envelope))}

Header of the JWE, the text inside, and the content key:

${text(parts.jweHeader)}

${text(parts.plaintext)}

${values([['content key', parts.contentKey]])}

The JWE:

${text(parts.jwe)}

Header of the JWS, and the JWS, which is what \`Jws\` holds:

${text(parts.jwsHeader)}

${text(message.jws)}
`
}

function load(name) {
  return JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'))
}

function text(content) {
  return `\`\`\`\n${content}\n\`\`\``
}

/** Names and bytes, so many on a line. What is not hex stays as it is. */
function values(rows) {
  const lines = rows.flatMap(([name, value]) => {
    const isHex = /^([0-9a-f]{2})+$/.test(value)
    const pieces = isHex ? value.match(new RegExp(`.{1,${2 * bytesOnLine}}`, 'g')) : [value]
    return pieces.map((piece, index) => `${(index === 0 ? name : '').padEnd(labelWidth)} ${piece}`)
  })
  return text(lines.join('\n'))
}

function ascii(hex) {
  return Buffer.from(hex, 'hex').toString('latin1')
}

function boundOf(suite, direction, counter, type, plainLength) {
  const bound = Buffer.alloc(15)
  bound[0] = suite
  bound[1] = direction
  bound.writeBigUInt64BE(BigInt(counter), 2)
  bound[10] = type
  bound.writeUInt32BE(plainLength, 11)
  return bound.toString('hex')
}
