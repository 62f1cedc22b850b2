/**
 * Sealed sessions in a browser, with nothing but WebSocket and WebCrypto: handshake (suite 1), signed messages, end to
 * end. Written from docs/protocol.md alone. `sealed.html` beside it is a page that uses it; `SealedClient` is the way in.
 *
 * Browsers have WebCrypto only on https pages and on localhost: elsewhere a page can't seal, and `connect` says so.
 */

const utf8 = (text) => new TextEncoder().encode(text)
const text = (bytes) => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
const subtle = globalThis.crypto?.subtle

const FINISH = 0
const HEARTBEAT = 1
const KEY_UPDATE = 2
const CLOSE = 3
const DATA = 4
const RECORDS_PER_KEY = 2 ** 20
const BYTES_PER_KEY = 2 ** 30
const HOUR = 3_600
const DAY = 86_400

/** What must not be believed, or what the server refused; `code` is for programs. */
export class Refused extends Error {
  constructor(code, message) {
    super(message)
    this.code = code
  }
}

class TicketRefused extends Error {}

// ---- Encodings ----

function concat(...parts) {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

/** A number in bytes, the highest first. */
function bigEndian(number, length) {
  const bytes = new Uint8Array(length)
  for (let i = length - 1, rest = number; i >= 0; i--, rest = Math.floor(rest / 256)) bytes[i] = rest % 256
  return bytes
}

function toBase64(bytes) {
  let binary = ''
  for (let i = 0; i < bytes.length; i += 8192) binary += String.fromCharCode(...bytes.subarray(i, i + 8192))
  return btoa(binary)
}

function fromBase64(base64) {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
  // `atob` forgives white space and spare bits.
  if (toBase64(bytes) !== base64) throw new Error('not canonical base64')
  return bytes
}

/** base64url without padding. */
export function encode(bytes) {
  return toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** The bytes of canonical base64url without padding; anything else throws. */
export function decode(base64url, length) {
  const base64 = base64url.replaceAll('-', '+').replaceAll('_', '/')
  const bytes = fromBase64(base64 + '='.repeat((4 - (base64.length % 4)) % 4))
  if (encode(bytes) !== base64url || (length !== undefined && bytes.length !== length)) {
    throw new Error('not base64url of the right length')
  }
  return bytes
}

/** What is signed or hashed: each part with its length, so that no two lists of parts have the same bytes. */
export function signedText(...parts) {
  const withLength = (part) => {
    const bytes = part instanceof Uint8Array ? part : utf8(String(part))
    return concat(bigEndian(bytes.length, 4), bytes)
  }
  return concat(...parts.map(withLength))
}

/** JSON in ASCII, as handshakes want it. */
function ascii(value) {
  return JSON.stringify(value).replace(/[^ -~]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** JSON in which no key stands twice: readers differ on those, and this one would not notice. */
function strictJson(json) {
  const value = JSON.parse(json)
  const count = (part) =>
    typeof part !== 'object' || part === null
      ? 0
      : Object.values(part).reduce((sum, each) => sum + count(each), Array.isArray(part) ? 0 : Object.keys(part).length)
  // Outside of strings, each member has one colon.
  if (json.replace(/"(?:[^"\\]|\\.)*"/g, '').split(':').length - 1 !== count(value))
    throw new Error('a key stands twice')
  return value
}

async function sha256(bytes) {
  return new Uint8Array(await subtle.digest('SHA-256', bytes))
}

const hmacKey = (key) => subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify'])

async function hmac(key, bytes) {
  return new Uint8Array(await subtle.sign('HMAC', await hmacKey(key), bytes))
}

async function hkdf(secret, salt, info, length) {
  // WebCrypto takes no empty HMAC key; one zero byte is the same.
  return hkdfExpand(await hmac(salt.length === 0 ? new Uint8Array(1) : salt, secret), info, length)
}

async function hkdfExpand(key, info, length) {
  const blocks = []
  for (let i = 1; (i - 1) * 32 < length; i++) {
    blocks.push(await hmac(key, concat(blocks.at(-1) ?? new Uint8Array(), utf8(info), Uint8Array.of(i))))
  }
  return concat(...blocks).slice(0, length)
}

// ---- RSA keys. A WebCrypto key serves one algorithm, so each JWK is imported for what it is to do ----

const P256 = { name: 'ECDH', namedCurve: 'P-256' }
const PSS = { name: 'RSA-PSS', saltLength: 32 }
const forPss = { name: 'RSA-PSS', hash: 'SHA-256' }
const forOaep = { name: 'RSA-OAEP', hash: 'SHA-256' }

/** RFC 7638. */
export async function thumbprint({ n, e }) {
  return encode(await sha256(utf8(`{"e":"${e}","kty":"RSA","n":"${n}"}`)))
}

/** A stranger's key, checked before it is used. */
function checkedKey(jwk) {
  const { kty, n, e } = jwk
  const bytes = decode(n)
  const hasGoodMembers = Object.keys(jwk).length === 3 && kty === 'RSA' && e === 'AQAB'
  const bits = bytes.length * 8 - Math.clz32(bytes[0]) + 24
  if (!hasGoodMembers || bytes[0] === 0 || bits < 2048 || bits > 4096 || bytes.at(-1) % 2 === 0) {
    throw new Refused('bad_key', 'not an RSA key of 2048 to 4096 bits with the exponent 65537')
  }
  return { kty, n, e }
}

export async function isSigned(jwk, bytes, signature, algorithm = 'PS256') {
  const scheme = algorithm === 'PS256' ? PSS : { name: 'RSASSA-PKCS1-v1_5' }
  const key = await subtle.importKey('jwk', checkedKey(jwk), { ...scheme, hash: 'SHA-256' }, false, ['verify'])
  return subtle.verify(scheme, key, decode(signature), bytes)
}

async function sign(keys, bytes) {
  return new Uint8Array(await subtle.sign(PSS, keys.signing, bytes))
}

async function encryptOaep(jwk, bytes) {
  const key = await subtle.importKey('jwk', checkedKey(jwk), forOaep, false, ['encrypt'])
  return new Uint8Array(await subtle.encrypt('RSA-OAEP', key, bytes))
}

async function decryptOaep(keys, bytes) {
  return new Uint8Array(await subtle.decrypt('RSA-OAEP', keys.decrypting, bytes))
}

/** Keys of a private JWK: `signing` and `decrypting` can be kept in IndexedDB, and never leave the browser. */
export async function importKeys({ kty, n, e, d, p, q, dp, dq, qi }) {
  const jwk = { kty, n, e, d, p, q, dp, dq, qi }
  return {
    signing: await subtle.importKey('jwk', jwk, forPss, false, ['sign']),
    decrypting: await subtle.importKey('jwk', jwk, forOaep, false, ['decrypt']),
    jwk: { kty, n, e },
    thumbprint: await thumbprint(jwk),
  }
}

async function newKeys() {
  const algorithm = { ...forOaep, modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1) }
  const { privateKey } = await subtle.generateKey(algorithm, true, ['encrypt', 'decrypt'])
  return importKeys(await subtle.exportKey('jwk', privateKey))
}

// ---- Handshake ----

/** Checks PlatformKeyMessage; gives the server's thumbprint. */
export async function checkOffer(offer, pin, now) {
  let shown
  let known
  try {
    const { Version, Suites, HandshakeKey, IdentityKey, NotBefore, NotAfter, ServerTime, Signature, Nonce } = offer
    checkedKey(HandshakeKey)
    const signed = signedText('parley handshake key v1', await thumbprint(HandshakeKey), NotBefore, NotAfter)
    if (!(await isSigned(IdentityKey, signed, Signature))) {
      throw new Refused('bad_server_key', "the handshake key is not signed by the server's identity key")
    }
    const isNowThere = NotBefore - HOUR <= ServerTime && ServerTime <= NotAfter
    // A day of slack: this machine's clock may be wrong.
    const isNowHere = NotBefore - HOUR - DAY <= now && now <= NotAfter + DAY
    if (!isNowThere || !isNowHere || NotAfter - NotBefore > 31 * DAY) {
      throw new Refused('bad_server_key', "the server's handshake key is not valid now")
    }
    decode(Nonce, 32)
    if (Version !== 1 || !Suites.includes(1)) throw new Refused('bad_server', 'the server does not offer suite 1')
    shown = await thumbprint(IdentityKey)
    known = [shown, ...(await olderIdentities(offer))]
  } catch (error) {
    if (error instanceof Refused) throw error
    throw new Refused('bad_server', 'PlatformKeyMessage is malformed')
  }
  if (pin !== undefined && !known.includes(pin)) {
    throw new Refused(
      'server_key_changed',
      `the server's key has changed: ${pin} is pinned, it shows ${shown}. Someone may be in between: ask who runs it`,
    )
  }
  return shown
}

/** The thumbprints of the identities that signed their way to the present one. */
async function olderIdentities({ IdentityKey, Rotations = [] }) {
  const older = []
  let newer = await thumbprint(IdentityKey)
  for (const { Key, Time, Signature } of Rotations) {
    const own = await thumbprint(Key)
    const signed = signedText('parley identity rotation v1', own, newer, Time)
    if (older.length === 4 || !(await isSigned(Key, signed, Signature))) {
      throw new Refused('bad_server_key', "a change of the server's identity is not signed by the one before")
    }
    older.push(own)
    newer = own
  }
  return older
}

/** The client's side from frame 2 on. `oldSecret` is the ticket's; it takes the place of RSA. */
export class Handshake {
  #keys
  #offerBody
  #oldSecret
  nonce = crypto.getRandomValues(new Uint8Array(32))
  share = crypto.getRandomValues(new Uint8Array(32))
  ephemeral
  terminalBody

  constructor(keys, offerBody, oldSecret) {
    this.#keys = keys
    this.#offerBody = offerBody
    this.#oldSecret = oldSecret
  }

  /** Makes frame 2 of a full handshake. */
  async begin(handshakeKey) {
    const Share = encode(await encryptOaep(handshakeKey, this.share))
    const content = { ...(await this.#members({ Key: this.#keys.jwk })), Share }
    this.terminalBody = ascii({ MsgType: 'TerminalKeyMessage', Content: ascii(content) })
  }

  /** Makes frame 2 of a resumption: its last member is a MAC over what stands before. */
  async beginWithTicket(ticket) {
    const content = await this.#members({ Ticket: ticket })
    const head = ascii({ MsgType: 'TerminalKeyMessage', Content: ascii(content) }).slice(0, -'}"}'.length)
    const proof = await ticketMac(this.#oldSecret, this.#offerBody, head)
    this.terminalBody = `${head},\\"Mac\\":\\"${encode(proof)}\\"}"}`
  }

  async #members(first) {
    this.ephemeral = await subtle.generateKey(P256, false, ['deriveBits'])
    const point = new Uint8Array(await subtle.exportKey('raw', this.ephemeral.publicKey))
    return { Suite: 1, ...first, Nonce: encode(this.nonce), Point: encode(point) }
  }

  /** Takes frame 3: the session's keys, or Refused. */
  async finish(finishBody) {
    const members = contentOf(finishBody, 'PlatformFinish')
    const { head, mac } = splitFinish(finishBody)
    const secret = await this.#secret(members).catch((error) => {
      throw new Refused('bad_server', `PlatformFinish is malformed: ${error.message || error.name}`)
    })
    const frames = [this.#offerBody, this.terminalBody, head]
    const session = await deriveKeys(secret, await sha256(signedText('parley sealed v1', ...frames)))
    if (!(await subtle.verify('HMAC', await hmacKey(session.serverFinishKey), mac, session.transcript))) {
      throw new Refused('bad_server', 'the server could not prove that it holds its key')
    }
    return session
  }

  async #secret({ Point, Nonce, Share }) {
    // The import refuses a point that is not on the curve.
    const publicKey = await subtle.importKey('raw', decode(Point, 65), P256, false, [])
    const x = await subtle.deriveBits({ name: 'ECDH', public: publicKey }, this.ephemeral.privateKey, 256)
    const agreed = await sha256(new Uint8Array(x))
    const serverNonce = decode(Nonce, 32)
    if (this.#oldSecret !== undefined) return concat(this.#oldSecret, this.nonce, serverNonce, agreed)
    return concat(this.share, await decryptOaep(this.#keys, decode(Share)), agreed)
  }

  /** What stands before the first frame of the session. */
  async proof(session) {
    const isFull = this.#oldSecret === undefined
    const signed = signedText('parley transcript v1', session.transcript)
    const signature = isFull ? await sign(this.#keys, signed) : new Uint8Array()
    return concat(await hmac(session.clientFinishKey, session.transcript), bigEndian(signature.length, 2), signature)
  }
}

export async function ticketMac(resumptionSecret, offerBody, terminalHead) {
  const key = await hkdf(resumptionSecret, new Uint8Array(), 'parley ticket mac v1', 32)
  return hmac(key, signedText('parley resumption v1', offerBody, terminalHead))
}

/** The PlatformFinish up to its last member, and that member: the server's MAC. */
export function splitFinish(body) {
  const found = /^(.*),\\"Finish\\":\\"([A-Za-z0-9_-]{43})\\"\}"\}$/.exec(body)
  if (found === null) throw new Refused('bad_server', 'PlatformFinish does not end with Finish')
  return { head: found[1], mac: decode(found[2], 32) }
}

/** Everything that the two sides derive, in the order of the derivation. */
export async function deriveKeys(secret, transcript) {
  const okm = await hkdf(secret, transcript, 'parley sealed v1 keys', 320)
  return {
    sending: new RecordKeys(0, okm.slice(0, 64), okm.slice(64, 96)),
    receiving: new RecordKeys(1, okm.slice(96, 160), okm.slice(160, 192)),
    clientFinishKey: okm.slice(192, 224),
    serverFinishKey: okm.slice(224, 256),
    resumptionSecret: okm.slice(256, 288),
    signingKey: okm.slice(288, 320),
    transcript,
  }
}

/** One direction: seals records, or opens them, in order, one at a time. Directions: 0 to the server, 1 to the client. */
export class RecordKeys {
  #direction
  #key
  #ivKey
  #counter
  #cipherKey
  #isClosed = false
  /** Under the present key. */
  records = 0
  bytes = 0

  /** @param counter of the first record */
  constructor(direction, recordKey, ivKey, counter = 0) {
    this.#direction = direction
    this.#key = recordKey
    this.#ivKey = ivKey
    this.#counter = counter
  }

  async seal(kind, plain) {
    const sealed = await subtle.encrypt(this.#algorithm(kind, plain.length), await this.#aes(), plain)
    await this.#count(kind, plain.length)
    return concat(Uint8Array.of(kind), new Uint8Array(sealed))
  }

  /** A record that a server may send. Throws when it is not the next one: the session must end then. */
  async open(record) {
    const isWorn = this.records >= 2 * RECORDS_PER_KEY || this.bytes >= 2 * BYTES_PER_KEY
    if (record.length < 17 || isWorn || this.#isClosed) throw new Error('not a record')
    const kind = record[0]
    const algorithm = this.#algorithm(kind, record.length - 17)
    const plain = new Uint8Array(await subtle.decrypt(algorithm, await this.#aes(), record.subarray(1)))
    // Data is never empty, and the others always are.
    const isKnown = kind === HEARTBEAT || kind === KEY_UPDATE || kind === CLOSE || kind === DATA
    if (!isKnown || (kind === DATA) !== plain.length > 0) throw new Error('not a record')
    this.#isClosed = kind === CLOSE
    await this.#count(kind, plain.length)
    return { kind, plain }
  }

  #algorithm(kind, length) {
    const counter = bigEndian(this.#counter, 12)
    // The associated data: suite, direction, counter, type, length.
    const bound = concat(
      Uint8Array.of(1, this.#direction),
      counter.subarray(4),
      Uint8Array.of(kind),
      bigEndian(length, 4),
    )
    const iv = counter.map((byte, i) => byte ^ this.#ivKey[i])
    return { name: 'AES-GCM', iv, additionalData: bound, tagLength: 128 }
  }

  async #aes() {
    this.#cipherKey ??= await subtle.importKey('raw', this.#key.subarray(0, 32), 'AES-GCM', false, [
      'encrypt',
      'decrypt',
    ])
    return this.#cipherKey
  }

  async #count(kind, length) {
    this.#counter++
    this.records++
    this.bytes += length
    if (kind !== KEY_UPDATE) return
    this.#key = await hkdfExpand(this.#key, 'rekey', 64)
    this.#cipherKey = undefined
    this.records = 0
    this.bytes = 0
  }
}

// ---- Key logs: whose key is whose ----

/** The log of one user's keys, as far as it was seen and found right. */
export class KeyLog {
  #user
  /** Of the last entry. */
  #hash = encode(new Uint8Array(32))
  hashes = []
  /** The keys that are enrolled now, by thumbprint. */
  keys = new Map()
  #revoked = new Set()

  constructor(user) {
    this.#user = user
  }

  /** Takes the next entry, or throws. */
  async add({ Index, Kind, Time, DeviceId, Thumbprint, ApprovedBy, Server, Signature, Previous, Hash, Key }) {
    const fields = [Index, Kind, Time, DeviceId, Thumbprint, ApprovedBy, Previous]
    const next = encode(await sha256(signedText('parley key log v1', this.#user, ...fields)))
    this.#require(Index === this.hashes.length && Previous === this.#hash && Hash === next)
    if (Kind === 'enrol') {
      checkedKey(Key)
      this.#require(
        (await thumbprint(Key)) === Thumbprint && !this.keys.has(Thumbprint) && !this.#revoked.has(Thumbprint),
      )
      // A first key beside others would be one that nobody of them let in.
      this.#require(ApprovedBy !== 'first' || this.keys.size === 0)
      if (ApprovedBy !== 'first' && ApprovedBy !== 'operator') {
        this.#require(this.keys.has(ApprovedBy))
        const approval = signedText('parley key approval v1', this.#user, DeviceId, Server, Thumbprint)
        this.#require(await isSigned(this.keys.get(ApprovedBy), approval, Signature))
      }
      this.keys.set(Thumbprint, Key)
    } else {
      this.#require(Kind === 'revoke' && this.keys.delete(Thumbprint))
      this.#revoked.add(Thumbprint)
    }
    this.#hash = next
    this.hashes.push(next)
  }

  #require(condition) {
    if (condition) return
    throw new Refused('bad_key_log', `the log of ${this.#user}'s keys is wrong at entry ${this.hashes.length}`)
  }

  get head() {
    return { index: this.hashes.length, hash: this.#hash }
  }
}

/** 60 digits that are the same on both sides; compare them by another way than this server. */
export async function safetyNumber(user, keys, other, otherKeys) {
  return [await halfNumber(user, keys), await halfNumber(other, otherKeys)].sort().join(' ')
}

async function halfNumber(user, keys) {
  const digest = await sha256(signedText('parley safety number v1', user, ...[...keys].sort()))
  const group = (_, i) => digest.subarray(5 * i, 5 * i + 5).reduce((number, byte) => number * 256 + byte, 0) % 100_000
  return Array.from({ length: 6 }, group)
    .map((number) => String(number).padStart(5, '0'))
    .join(' ')
}

// ---- End to end ----

const part = (value) => encode(utf8(JSON.stringify(value)))

/** Whether two values of JSON are the same, whatever the order of their members. */
function isSame(one, other) {
  if (typeof one !== 'object' || one === null || typeof other !== 'object' || other === null) return one === other
  const names = Object.keys(one)
  return (
    Array.isArray(one) === Array.isArray(other) &&
    names.length === Object.keys(other).length &&
    names.every((name) => Object.hasOwn(other, name) && isSame(one[name], other[name]))
  )
}

const boundOf = ({ FromUserId, ToUserId, ClientMsgId, CreateTime }) => ({
  From: FromUserId,
  To: ToUserId,
  Id: ClientMsgId,
  Time: CreateTime,
})

/** A JWS over a JWE. The envelope needs FromUserId too; `recipients` are the receiver's keys by thumbprint. */
export async function sealEndToEnd(keys, envelope, recipients, msgType, content) {
  const kids = [...recipients.keys()].sort()
  const parley = { ...boundOf(envelope), SenderKey: keys.thumbprint, RecipientKeys: kids }
  const header = part({ enc: 'A256GCM', typ: 'parley-e2e', parley })
  const contentKey = crypto.getRandomValues(new Uint8Array(32))
  const iv = crypto.getRandomValues(new Uint8Array(12))
  const entries = kids.map(async (kid) => ({
    header: { alg: 'RSA-OAEP-256', kid },
    encrypted_key: encode(await encryptOaep(recipients.get(kid), contentKey)),
  }))
  const key = await subtle.importKey('raw', contentKey, 'AES-GCM', false, ['encrypt'])
  const plain = utf8(JSON.stringify({ MsgType: msgType, Content: content }))
  const gcm = { name: 'AES-GCM', iv, additionalData: utf8(header), tagLength: 128 }
  const sealed = new Uint8Array(await subtle.encrypt(gcm, key, plain))
  const jwe = {
    protected: header,
    recipients: await Promise.all(entries),
    iv: encode(iv),
    ciphertext: encode(sealed.subarray(0, -16)),
    tag: encode(sealed.subarray(-16)),
  }
  const signing = `${part({ alg: 'PS256', kid: keys.thumbprint, typ: 'parley-e2e+jws', parley })}.${part(jwe)}`
  return `${signing}.${encode(await sign(keys, utf8(signing)))}`
}

/** The inner {MsgType, Content}, or Refused. `senderKeys` are those enrolled for the sender now. */
export async function openEndToEnd(keys, senderKeys, envelope, jws) {
  const require = (condition, what) => {
    if (!condition) throw new Error(what)
  }
  try {
    const parts = jws.split('.')
    require(parts.length === 3, 'the form of the JWS')
    const header = strictJson(text(decode(parts[0])))
    const jwe = strictJson(text(decode(parts[1])))
    const { kid, parley } = header
    require(isSame(header, { alg: 'PS256', kid, typ: 'parley-e2e+jws', parley }), 'the header of the signature')
    const { RecipientKeys } = parley
    require(isSame(parley, { ...boundOf(envelope), SenderKey: kid, RecipientKeys }), 'it was made for another envelope')
    require(senderKeys.has(kid), "the sender's key is not enrolled")
    require(await isSigned(senderKeys.get(kid), utf8(`${parts[0]}.${parts[1]}`), parts[2]), 'the signature')
    const { protected: inner, recipients, iv, ciphertext, tag } = jwe
    require(isSame(jwe, { protected: inner, recipients, iv, ciphertext, tag }), 'the members of the JWE')
    require(isSame(strictJson(text(decode(inner))), {
      enc: 'A256GCM',
      typ: 'parley-e2e',
      parley,
    }), 'the header of the JWE')
    require(isSame(
      recipients.map((recipient) => recipient.header.kid),
      RecipientKeys,
    ), 'the receivers')
    const mine = recipients.find((recipient) => recipient.header.kid === keys.thumbprint)
    const expected = { header: { alg: 'RSA-OAEP-256', kid: keys.thumbprint }, encrypted_key: mine?.encrypted_key }
    require(mine !== undefined && isSame(mine, expected), "the receiver's entry")
    const contentKey = await decryptOaep(keys, decode(mine.encrypted_key))
    const key = await subtle.importKey('raw', contentKey, 'AES-GCM', false, ['decrypt'])
    const gcm = { name: 'AES-GCM', iv: decode(iv, 12), additionalData: utf8(inner), tagLength: 128 }
    const message = strictJson(text(await subtle.decrypt(gcm, key, concat(decode(ciphertext), decode(tag, 16)))))
    const { MsgType, Content } = message
    require(isSame(message, { MsgType, Content }), 'what is inside')
    return message
  } catch (error) {
    throw new Refused('bad_end_to_end', `an end-to-end message is refused: ${error.message || error.name}`)
  }
}

// ---- Signed messages ----

/** What PS256 and RS256 sign of an envelope. */
export async function messageText(envelope, sender, keyThumbprint) {
  const { ToUserId, ClientMsgId, CreateTime, MsgType, Content } = envelope
  const digest = await sha256(utf8(Content))
  return signedText(
    'parley message v1',
    sender,
    ToUserId ?? '',
    ClientMsgId,
    CreateTime,
    MsgType,
    digest,
    keyThumbprint,
  )
}

// ---- What a browser keeps: keys that can't leave it, pins, tickets, heads of key logs ----

/** Opens what was kept under a name, or makes it. `save` keeps it again. */
export async function openState(name) {
  const request = indexedDB.open('parley-sealed', 1)
  request.onupgradeneeded = () => request.result.createObjectStore('states')
  const database = await outcome(request)
  const run = (mode, work) => outcome(work(database.transaction('states', mode).objectStore('states')))
  const data = (await run('readonly', (store) => store.get(name))) ?? {
    keys: await newKeys(),
    device: `browser-${encode(crypto.getRandomValues(new Uint8Array(6)))}`,
    servers: {},
  }
  const save = () => run('readwrite', (store) => store.put(data, name))
  await save()
  return { data, save }
}

function outcome(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

// ---- The client ----

/** One sealed session. `on` gets what happens: {event: 'text' | 'server' | 'keys-changed' | 'error' | 'end', …}. */
export class SealedClient {
  #options
  #state
  #keys
  #server
  #on
  #socket
  #bodies
  #records
  #resumptionSecret
  #sending = Promise.resolve()
  #nextId = 0
  #waiting = new Map()
  #seen = new Set()
  #reading = Promise.resolve()
  /** The server's thumbprint, and its nonce of this connection. */
  thumbprint
  #nonce
  /** Keys of this user that ask to be let in: thumbprint to device. */
  pending = new Map()

  /** @param options {url, user, pin?, state: from openState, on} */
  constructor(options) {
    this.#options = options
    this.#state = options.state
    this.#keys = options.state.data.keys
    this.#server = options.state.data.servers[options.url] ??= { logs: {} }
    this.#on = options.on
  }

  /** Handshake and login. Without a good ticket it costs the server a full handshake. */
  async connect(password) {
    let ticket = this.#server.ticket
    let answer
    try {
      answer = await this.#connect(ticket, password)
    } catch (error) {
      if (!(error instanceof TicketRefused)) throw error
      ticket = undefined
      answer = await this.#connect(undefined, password)
    }
    if (ticket !== undefined && answer.Code === 'auth_failed') {
      // The ticket's session stands, but the account has changed: in it, a password will do.
      answer = await this.#ask(this.#envelope('AuthRequest', this.#credentials(password)))
    }
    this.#server.ticket = undefined
    if (!answer.Success) throw new Refused(answer.Code, answer.Message)
    if (answer.Ticket !== undefined) {
      this.#server.ticket = answer.Ticket
      this.#server.secret = this.#resumptionSecret
    }
    await this.#state.save()
    return {
      user: answer.UserId,
      suite: 1,
      resumed: ticket !== undefined,
      server: this.thumbprint,
      key: this.#keys.thumbprint,
    }
  }

  async #connect(ticket, password) {
    if (subtle === undefined) {
      throw new Refused('no_webcrypto', 'this browser can seal only on https pages and on localhost')
    }
    await this.#open()
    // A server that takes only sealed sessions has sent its keys by now, and ignores this.
    this.#socket.send(ascii({ MsgType: 'PlatformKeyRequest', Content: '{}' }))
    const offerBody = await this.#bodies.next()
    const offer = contentOf(offerBody, 'PlatformKeyMessage')
    this.thumbprint = await checkOffer(offer, this.#options.pin ?? this.#server.pin, Date.now() / 1000)
    this.#nonce = offer.Nonce
    const handshake = new Handshake(this.#keys, offerBody, ticket === undefined ? undefined : this.#server.secret)
    if (ticket === undefined) await handshake.begin(offer.HandshakeKey)
    else await handshake.beginWithTicket(ticket)
    this.#socket.send(handshake.terminalBody)
    const finishBody = await this.#bodies.next()
    if (finishBody === undefined && ticket !== undefined) throw new TicketRefused()
    const session = await handshake.finish(finishBody)
    this.#records = session.sending
    this.#resumptionSecret = session.resumptionSecret
    // Only now is it the server: pin it.
    this.#server.pin = this.thumbprint
    await this.#state.save()

    void this.#read(session.receiving)
    const { user } = this.#options
    const login = ticket === undefined ? this.#credentials(password) : { UserId: user, DeviceId: this.#device }
    return this.#ask(this.#envelope('AuthRequest', login), await handshake.proof(session))
  }

  #credentials(password) {
    return { UserId: this.#options.user, Password: password, DeviceId: this.#device, Client: 'sealed.js/1' }
  }

  get #device() {
    return this.#state.data.device
  }

  async #open() {
    const socket = new WebSocket(this.#options.url)
    this.#socket = socket
    this.#bodies = new Queue()
    socket.addEventListener('message', ({ data }) => this.#bodies.put(data))
    socket.addEventListener('close', () => this.#bodies.put(undefined))
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve)
      socket.addEventListener('error', () => reject(new Refused('connection_lost', 'no connection')))
    })
  }

  // Messages

  sendText(to, message) {
    return this.#sendMessage(this.#envelope('TextMsgRequest', { Message: message }, to))
  }

  async sendSigned(to, message) {
    const envelope = this.#envelope('TextMsgRequest', { Message: message }, to)
    const Signature = encode(
      await sign(this.#keys, await messageText(envelope, this.#options.user, this.#keys.thumbprint)),
    )
    return this.#sendMessage({ ...envelope, Sign: { Alg: 'PS256', Key: this.#keys.thumbprint, Signature } })
  }

  async sendEndToEnd(to, message) {
    const recipients = await this.keysOf(to)
    if (recipients.size === 0) throw new Refused('no_keys', `${to} has no key`)
    const envelope = this.#envelope('EndToEndMsgRequest', {}, to)
    const bound = { ...envelope, FromUserId: this.#options.user }
    const Jws = await sealEndToEnd(
      this.#keys,
      bound,
      recipients,
      'TextMsgRequest',
      JSON.stringify({ Message: message }),
    )
    return this.#sendMessage({ ...envelope, Content: JSON.stringify({ Jws }) })
  }

  /** What arrived from a user, checked and in plain. */
  async #readMessage(envelope) {
    const { FromUserId: from, Sign } = envelope
    let { MsgType: type, Content } = envelope
    // Other kinds are for the server, which has checked them.
    let isSignedByUser = Sign?.Alg === 'PS256' || Sign?.Alg === 'RS256'
    if (isSignedByUser) await this.#checkSignature(envelope)
    const endToEnd = type === 'EndToEndMsgRequest'
    if (endToEnd) {
      const inner = await openEndToEnd(this.#keys, await this.keysOf(from), envelope, JSON.parse(Content).Jws)
      type = inner.MsgType
      Content = inner.Content
      isSignedByUser = true
    }
    // The server lets no signed message through twice, but it might: what is proven is proven once.
    const name = JSON.stringify([from, envelope.ClientMsgId])
    if (isSignedByUser && this.#seen.has(name)) throw new Refused('replayed', `a message of ${from} came twice`)
    this.#seen.add(name)
    const message = type === 'TextMsgRequest' ? JSON.parse(Content).Message : Content
    return { event: 'text', from, type, text: message, signed: isSignedByUser, endToEnd }
  }

  async #checkSignature(envelope) {
    const { FromUserId: from, Sign } = envelope
    const key = (await this.keysOf(from)).get(Sign.Key)
    const signed = await messageText(envelope, from, Sign.Key)
    if (key === undefined || !(await isSigned(key, signed, Sign.Signature, Sign.Alg))) {
      throw new Refused('bad_signature', `a signature of ${from} is wrong`)
    }
  }

  // Keys

  async enrol() {
    const { jwk, thumbprint: own } = this.#keys
    const proof = signedText('parley enrolment v1', this.#options.user, this.#device, this.thumbprint, own, this.#nonce)
    const Signature = encode(await sign(this.#keys, proof))
    await this.#request('EnrolKeyRequest', { Key: jwk, DeviceId: this.#device, Signature })
    return own
  }

  async approve(wanted) {
    const device = this.pending.get(wanted)
    if (device === undefined)
      throw new Refused('no_keys', 'no such key has asked to be let in while this page was open')
    const proof = signedText('parley key approval v1', this.#options.user, device, this.thumbprint, wanted)
    const Signature = encode(await sign(this.#keys, proof))
    await this.#request('ApproveKeyRequest', { Thumbprint: wanted, Key: this.#keys.thumbprint, Signature })
  }

  /** The user's keys by thumbprint, from a log that extends what was seen before. */
  async keysOf(user) {
    const log = new KeyLog(user)
    for (;;) {
      const after = log.hashes.length === 0 ? {} : { After: log.hashes.length - 1 }
      const page = await this.#request('KeyDirectoryRequest', { UserId: user, ...after })
      for (const entry of page.Entries) await log.add(entry)
      if (!page.More) break
    }
    const seen = this.#server.logs[user]
    if (seen !== undefined && seen.index > 0 && log.hashes[seen.index - 1] !== seen.hash) {
      throw new Refused('bad_key_log', `the server shows another past of ${user}'s keys than before: do not trust it`)
    }
    if (seen?.index > 0 && seen.index < log.head.index) {
      this.#on({ event: 'keys-changed', user, keys: [...log.keys.keys()].sort() })
    }
    this.#server.logs[user] = log.head
    await this.#state.save()
    return log.keys
  }

  /** The user's keys, and the number that both can compare. */
  async compare(user) {
    const own = await this.keysOf(this.#options.user)
    const others = await this.keysOf(user)
    const number = await safetyNumber(this.#options.user, [...own.keys()], user, [...others.keys()])
    return { user, keys: [...others.keys()].sort(), safetyNumber: number }
  }

  // Requests and records

  #envelope(MsgType, content, to) {
    const envelope = { MsgType, CreateTime: Math.floor(Date.now() / 1000), Content: JSON.stringify(content) }
    return to === undefined ? envelope : { ...envelope, ToUserId: to, ClientMsgId: crypto.randomUUID() }
  }

  async #sendMessage(envelope) {
    return checked(await this.#ask(envelope)).Data.Status
  }

  async #request(type, content) {
    return checked(await this.#ask(this.#envelope(type, content)))
  }

  /** Sends a request and waits for its one answer. `before` opens the first record of a session. */
  async #ask(envelope, before) {
    const CallbackID = String(++this.#nextId)
    const answer = new Promise((resolve) => this.#waiting.set(CallbackID, resolve))
    this.#send({ ...envelope, CallbackID }, before)
    const content = await answer
    if (content === undefined) throw new Refused('connection_lost', 'the connection ended before the answer came')
    return content
  }

  #send(envelope, before) {
    const frame = concat(Uint8Array.of(2), utf8(JSON.stringify(envelope)), Uint8Array.of(3))
    const sent = before === undefined ? this.#sendRecord(DATA, frame) : this.#sendRecord(FINISH, concat(before, frame))
    sent.catch(() => this.#socket.close())
  }

  /** Counters are never sent: records leave in the order in which they are sealed, one after the other. */
  #sendRecord(kind, plain) {
    this.#sending = this.#sending.then(async () => {
      this.#socket.send(toBase64(await this.#records.seal(kind, plain)))
      if (this.#records.records >= RECORDS_PER_KEY - 1 || this.#records.bytes >= BYTES_PER_KEY) {
        this.#socket.send(toBase64(await this.#records.seal(KEY_UPDATE, new Uint8Array())))
      }
    })
    return this.#sending
  }

  async close() {
    await this.#sendRecord(CLOSE, new Uint8Array())
    this.#socket.close()
  }

  async #read(receiving) {
    let code = 'connection_lost'
    const socket = this.#socket
    try {
      for (let body = await this.#bodies.next(); body !== undefined; body = await this.#bodies.next()) {
        const { kind, plain } = await receiving.open(fromBase64(body))
        if (kind === CLOSE) {
          code = 'closed'
          break
        }
        if (kind === DATA) this.#take(plain)
      }
    } catch {
      // Whatever it is: what follows can't be trusted.
    }
    socket.close()
    for (const answer of this.#waiting.values()) answer(undefined)
    await this.#reading
    this.#on({ event: 'end', code })
  }

  /** The messages of a record, each with the START and END that it has on TCP. */
  #take(plain) {
    for (let at = 0; at < plain.length; ) {
      const end = plain.indexOf(3, at)
      if (plain[at] !== 2 || end < 0) throw new Error('a record that does not hold whole messages')
      this.#takeEnvelope(JSON.parse(text(plain.subarray(at + 1, end))))
      at = end + 1
    }
  }

  #takeEnvelope(envelope) {
    const { FromUserId, CallbackID, MsgType } = envelope
    // Only what has no FromUserId comes from the server; users can't answer for it.
    if (!FromUserId) {
      const answer = this.#waiting.get(CallbackID)
      if (answer !== undefined) {
        this.#waiting.delete(CallbackID)
        answer(JSON.parse(envelope.Content))
        return
      }
      if (MsgType === 'HeartbeatRequest') {
        this.#send({ MsgType: 'HeartbeatResponse', Content: '{}', CallbackID })
        return
      }
    }
    // In the order of arrival, and not in the way of answers: to check a message, its sender's keys are asked for.
    this.#reading = this.#reading.then(async () => {
      try {
        this.#on(FromUserId ? await this.#readMessage(envelope) : this.#fromServer(envelope))
      } catch (error) {
        this.#on({ event: 'error', code: error.code ?? 'bad_message', message: error.message })
      }
    })
  }

  #fromServer({ MsgType, Content }) {
    const content = JSON.parse(Content)
    if (MsgType === 'KeyEvent' && content.Kind === 'requested') this.pending.set(content.Thumbprint, content.DeviceId)
    return { event: 'server', type: MsgType, content }
  }
}

function checked(answer) {
  if (answer.Success === false || answer.Retryable !== undefined) throw new Refused(answer.Code, answer.Message)
  return answer
}

/** The content of a handshake frame. What the server says in plain instead is why it refuses. */
export function contentOf(body, expected) {
  if (body === undefined) throw new Refused('connection_lost', 'the server ended the handshake')
  let envelope
  let content
  try {
    envelope = JSON.parse(body)
    content = JSON.parse(envelope.Content)
  } catch {
    throw new Refused('bad_server', `the server sent something else than ${expected}`)
  }
  if (envelope.MsgType !== expected || envelope.FromUserId) {
    throw new Refused(
      content.Code ?? 'bad_server',
      content.Message ?? `the server sent something else than ${expected}`,
    )
  }
  // There is one way to write it, so that nobody can read different things in it.
  if (ascii(content) === envelope.Content && ascii(envelope) === body) return content
  throw new Refused('bad_server', `${expected} is not in its one form`)
}

/** What has come and was not yet asked for. */
class Queue {
  #items = []
  #takers = []

  put(item) {
    const taker = this.#takers.shift()
    if (taker === undefined) this.#items.push(item)
    else taker(item)
  }

  next() {
    if (this.#items.length > 0) return Promise.resolve(this.#items.shift())
    return new Promise((resolve) => this.#takers.push(resolve))
  }
}
