import { constants, createHmac, type KeyObject, sign as nodeSign, publicEncrypt, randomBytes } from 'node:crypto'
import { deflateRawSync } from 'node:zlib'
import t from 'tap'
import { type EndToEndAddress, type NamedKey, openEndToEnd, sealEndToEnd } from '../../src/security/end-to-end.ts'
import { type VectorKey, vectorKey } from '../vectors/vector-files.ts'
import { b64u, type Draft, forge, type Json, message, oaep, signed, sortedKeys } from './forged-end-to-end.ts'

const sender = vectorKey('bob')
const phone = vectorKey('alice')
const tablet = vectorKey('aliceTablet')
const mallory = vectorKey('handshake')
const address: EndToEndAddress = { from: 'bob', to: 'alice', id: 'm-1', time: 1_700_000_000 }

function privateOf({ thumbprint, privateKey }: VectorKey): NamedKey {
  return { thumbprint, key: privateKey }
}

function publicOf({ thumbprint, publicKey }: VectorKey): NamedKey {
  return { thumbprint, key: publicKey }
}

const directory = new Map<string, KeyObject>([[sender.thumbprint, sender.publicKey]])

function seal(recipients: readonly VectorKey[] = [phone, tablet]): string {
  return sealEndToEnd(address, message, privateOf(sender), recipients.map(publicOf), randomBytes)
}

/** What the receiver makes of a JWS: the message's type, or the problem. */
function open(jws: unknown, expected: EndToEndAddress = address, device: VectorKey = phone): string {
  const opened = openEndToEnd(jws, expected, (thumbprint) => directory.get(thumbprint), privateOf(device), randomBytes)
  return 'problem' in opened ? opened.problem : opened.message.msgType
}

t.test('each device of the receiver opens it, and learns who can read it', async (t) => {
  const jws = seal()
  for (const device of [phone, tablet]) {
    const opened = openEndToEnd(jws, address, (key) => directory.get(key), privateOf(device), randomBytes)
    t.strictSame(opened, {
      message: {
        ...message,
        senderKey: sender.thumbprint,
        recipientKeys: sortedKeys.map(({ thumbprint }) => thumbprint),
      },
    })
  }
  t.notOk(jws.includes(Buffer.from('你好').toString('base64url').slice(0, 6)))
  t.equal(open(forge()), 'TextMsgRequest', 'a second implementation makes the same')
})

t.test('the same key twice is one recipient, and a message is for 1 to 16 keys', async (t) => {
  t.equal(open(seal([phone, phone])), 'TextMsgRequest')
  t.throws(() => seal([]), RangeError)
  const many = Array.from({ length: 17 }, (_, index) => ({ thumbprint: `${index}`, key: phone.publicKey }))
  t.throws(() => sealEndToEnd(address, message, privateOf(sender), many, randomBytes), RangeError)
})

t.test('re-addressed: another sender, receiver, id or time in the envelope', async (t) => {
  const jws = seal()
  t.equal(open(jws, { ...address, from: 'mallory' }), 'address')
  t.equal(open(jws, { ...address, to: 'carol' }), 'address')
  t.equal(open(jws, { ...address, id: 'm-2' }), 'address')
  t.equal(open(jws, { ...address, time: 1_700_000_001 }), 'address')
})

t.test('re-signed by another, as their own message', async (t) => {
  directory.set(mallory.thumbprint, mallory.publicKey)
  t.teardown(() => directory.delete(mallory.thumbprint))
  const [, payload] = seal().split('.')
  const parley = { From: 'mallory', To: 'alice', Id: 'm-1', Time: 1_700_000_000, SenderKey: mallory.thumbprint }
  const claims = { ...parley, RecipientKeys: sortedKeys.map(({ thumbprint }) => thumbprint) }
  const header = { alg: 'PS256', kid: mallory.thumbprint, typ: 'parley-e2e+jws', parley: claims }
  const stolen = signed(`${b64u(header)}.${payload}`, mallory)
  t.equal(open(stolen, { ...address, from: 'mallory' }), 'sealed', 'the inner header still says bob')
  const claimed = forge((draft) => {
    draft.jwsHeader['kid'] = mallory.thumbprint
  })
  t.equal(open(claimed), 'malformed', 'kid and SenderKey differ')
  t.equal(open(forge(() => {}, { signer: mallory })), 'signature', "under bob's name")
})

t.test('a key that is not enrolled for the sender', async (t) => {
  const jws = sealEndToEnd(address, message, privateOf(mallory), [publicOf(phone)], randomBytes)
  t.equal(open(jws), 'sender_key')
  t.equal(
    open(
      forge((draft, parley) =>
        Object.assign(draft.jwsHeader, { kid: 'none' }, { parley: { ...parley, SenderKey: 'none' } }),
      ),
    ),
    'malformed',
  )
})

t.test('swapped recipients, and an entry for another key', async (t) => {
  const swapped = forge(() => {}, { late: (jwe) => (jwe['recipients'] as Json[]).reverse() })
  t.equal(open(swapped), 'sealed')
  const crossed = forge((draft) => {
    const [first, second] = draft.jwe['recipients'] as Json[]
    if (first === undefined || second === undefined) throw new Error('two recipients')
    draft.jwe['recipients'] = [
      { ...first, encrypted_key: second['encrypted_key'] },
      { ...second, encrypted_key: first['encrypted_key'] },
    ]
  })
  t.equal(open(crossed), 'sealed')
  t.equal(open(seal([tablet])), 'recipient_key')
  t.equal(open(forge((_, parley) => (parley['RecipientKeys'] as string[]).reverse())), 'malformed')
  t.equal(open(forge((draft) => (draft.jwe['recipients'] as Json[]).pop())), 'sealed')
  const inner = forge((draft) => ((draft.jweHeader['parley'] as Json)['RecipientKeys'] = [phone.thumbprint]))
  t.equal(open(inner), 'sealed', 'the inner list is another')
})

t.test('each claim must be the same inside', async (t) => {
  const changes = { From: 'carol', To: 'carol', Id: 'm-2', Time: 1, SenderKey: mallory.thumbprint }
  for (const [name, value] of Object.entries(changes)) {
    const jws = forge((draft) => ((draft.jweHeader['parley'] as Json)[name] = value))
    t.equal(open(jws), 'sealed', name)
  }
})

t.test('members and values that are not exactly the expected ones', async (t) => {
  const extra = {
    crit: ['exp'],
    zip: 'DEF',
    jku: 'https://x',
    x5u: 'https://x',
    x5c: ['AA'],
    jwk: sender.jwk,
    b64: false,
  }
  for (const [name, value] of Object.entries({ ...extra, cty: 'x', nonce: 'x', x5t: 'x' })) {
    t.equal(open(forge((draft) => (draft.jwsHeader[name] = value))), 'malformed', `${name} in the JWS`)
    t.equal(open(forge((draft) => (draft.jweHeader[name] = value))), 'sealed', `${name} in the JWE`)
    t.equal(open(forge((_, parley) => (parley[name] = value))), 'malformed', `${name} among the claims`)
    const inRecipient = (draft: Draft): void => {
      for (const entry of draft.jwe['recipients'] as Json[]) (entry['header'] as Json)[name] = value
    }
    t.equal(open(forge(inRecipient)), 'sealed', `${name} of a recipient`)
    t.equal(open(forge((draft) => (draft.jwe[name] = value))), 'sealed', `${name} unprotected`)
  }
  t.equal(open(forge((draft) => (draft.jwe['unprotected'] = { zip: 'DEF' }))), 'sealed')
  t.equal(open(forge((draft) => (draft.jwe['aad'] = 'AA'))), 'sealed')
  for (const name of ['alg', 'kid', 'typ', 'parley']) {
    t.equal(open(forge((draft) => delete draft.jwsHeader[name])), 'malformed', `without ${name}`)
  }
  for (const name of ['enc', 'typ', 'parley']) {
    t.equal(open(forge((draft) => delete draft.jweHeader[name])), 'sealed', `without ${name} inside`)
  }
})

t.test('another algorithm of the signature', async (t) => {
  for (const alg of ['none', 'None', 'HS256', 'RS256', 'PS384', 'ES256', 'ps256', '', null, ['PS256']]) {
    t.equal(open(forge((draft) => (draft.jwsHeader['alg'] = alg))), 'malformed', JSON.stringify(alg))
  }
  const [header, payload] = seal().split('.')
  const text = `${header}.${payload}`
  t.equal(open(`${text}.`), 'signature', 'no signature')
  t.equal(open(`${text}.${b64u(nodeSign('sha256', Buffer.from(text), sender.privateKey))}`), 'signature', 'RS256')
  const pem = sender.publicKey.export({ type: 'spki', format: 'pem' })
  const mac = createHmac('sha256', pem).update(text).digest()
  t.equal(open(`${text}.${b64u(mac)}`), 'signature', 'HS256 with the public key as a secret')
  const padding = constants.RSA_PKCS1_PSS_PADDING
  const long = nodeSign('sha256', Buffer.from(text), { key: sender.privateKey, padding, saltLength: 100 })
  t.equal(open(`${text}.${b64u(long)}`), 'signature', 'another salt')
})

t.test('another algorithm of the encryption', async (t) => {
  const setAll = (alg: unknown, encrypted: (key: KeyObject, contentKey: Buffer) => unknown) => (draft: Draft) => {
    draft.jwe['recipients'] = sortedKeys.map(({ thumbprint, publicKey }) => ({
      header: { alg, kid: thumbprint },
      encrypted_key: encrypted(publicKey, draft.contentKey),
    }))
  }
  const pkcs1 = (key: KeyObject, bytes: Buffer): string =>
    b64u(publicEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, bytes))
  t.equal(open(forge(setAll('RSA1_5', pkcs1))), 'sealed', 'RSA1_5')
  t.equal(open(forge(setAll('RSA-OAEP-256', pkcs1))), 'sealed', 'RSA1_5 under the name of OAEP')
  t.equal(open(forge(setAll('RSA-OAEP', (key, bytes) => b64u(oaep(key, bytes, 'sha1'))))), 'sealed', 'OAEP with SHA-1')
  t.equal(open(forge(setAll('RSA-OAEP-256', (key, bytes) => b64u(oaep(key, bytes, 'sha1'))))), 'sealed')
  t.equal(open(forge(setAll('dir', () => ''))), 'sealed', 'dir')
  t.equal(open(forge(setAll('RSA-OAEP-256', () => ''))), 'sealed', 'no key')
  t.equal(open(forge(setAll('RSA-OAEP-256', (key) => b64u(oaep(key, Buffer.alloc(16)))))), 'sealed', 'a short key')
  for (const enc of ['A128GCM', 'A256CBC-HS512', 'none', null]) {
    t.equal(open(forge((draft) => (draft.jweHeader['enc'] = enc))), 'sealed', String(enc))
  }
  const deflated = forge((draft) => {
    draft.jweHeader['zip'] = 'DEF'
    draft.plaintext = deflateRawSync(Buffer.from(draft.plaintext))
  })
  t.equal(open(deflated), 'sealed', 'compressed')
})

t.test('every truncated tag, and other lengths of the nonce', async (t) => {
  for (let length = 0; length < 16; length++) {
    const late = (jwe: Json): void => {
      jwe['tag'] = b64u(Buffer.from(String(jwe['tag']), 'base64url').subarray(0, length))
    }
    t.equal(open(forge(() => {}, { late })), 'sealed', `${length} bytes`)
  }
  for (const iv of [0, 8, 11, 13, 16]) {
    t.equal(open(forge(() => {}, { late: (jwe) => (jwe['iv'] = b64u(Buffer.alloc(iv))) })), 'sealed', `${iv} bytes`)
  }
})

t.test('what is inside must be exactly a type and a content', async (t) => {
  const bad = [
    '',
    'null',
    '[]',
    '{}',
    '{"MsgType":"TextMsgRequest"}',
    '{"MsgType":"TextMsgRequest","Content":{}}',
    '{"MsgType":7,"Content":""}',
    '{"MsgType":"TextMsgRequest","Content":"","From":"carol"}',
    '{"MsgType":"TextMsgRequest","Content":"","Content":"x"}',
    '{"MsgType":"TextMsgRequest","MsgType":"TextMsgRequest"}',
    Buffer.from('{"MsgType":"TextMsgRequest","Content":"\xff"}', 'latin1'),
  ]
  for (const plaintext of bad)
    t.equal(open(forge((draft) => (draft.plaintext = plaintext))), 'sealed', String(plaintext))
})

t.test('a member that stands twice, in every layer', async (t) => {
  const [header = '', payload = ''] = forge().split('.')
  const headerText = Buffer.from(header, 'base64url').toString()
  for (const twin of ['"alg":"none",', '"kid":"x",', '"\\u0061lg":"PS256",']) {
    const doubled = `{${twin}${headerText.slice(1)}`
    t.equal(open(signed(`${b64u(Buffer.from(doubled))}.${payload}`, sender)), 'malformed', twin)
  }
  const inClaims = headerText.replace('{"From"', '{"From":"carol","From"')
  t.equal(open(signed(`${b64u(Buffer.from(inClaims))}.${payload}`, sender)), 'malformed')
  for (const twin of ['"tag":"x",', '"recipients":[],', '"protected":"e30",']) {
    t.equal(open(forge(() => {}, { jweText: (text) => `{${twin}${text.slice(1)}` })), 'sealed', twin)
  }
})

t.test('what is cut, changed or no JWS at all', async (t) => {
  const jws = seal()
  for (let length = 0; length < jws.length; length += 41)
    t.not(open(jws.slice(0, length)), 'TextMsgRequest', `${length}`)
  for (let index = 0; index < jws.length; index += 23) {
    const changed = jws.slice(0, index) + (jws[index] === 'A' ? 'B' : 'A') + jws.slice(index + 1)
    t.not(open(changed), 'TextMsgRequest', `changed at ${index}`)
  }
  for (const bad of [
    undefined,
    null,
    7,
    {},
    '',
    '.',
    '..',
    '...',
    `${jws}.`,
    `${jws}.AA`,
    `${jws}=`,
    ` ${jws}`,
    `${jws}\n`,
  ]) {
    t.equal(open(bad), 'malformed', JSON.stringify(bad)?.slice(-20))
  }
  t.equal(open('.'.repeat(1_000_000)), 'malformed')
  t.equal(open(`${b64u('x'.repeat(100_000))}.AA.AA`), 'malformed')
})

t.test('claims in their form', async (t) => {
  const changes: Json = { From: 7, To: null, Id: [], Time: '1700000000', SenderKey: 'x', RecipientKeys: 'x' }
  for (const [name, value] of Object.entries(changes)) {
    t.equal(open(forge((_, parley) => (parley[name] = value))), 'malformed', name)
    t.equal(open(forge((_, parley) => delete parley[name])), 'malformed', `without ${name}`)
  }
  for (const keys of [[], [7], ['x'], [phone.thumbprint, phone.thumbprint], Array(17).fill(phone.thumbprint)]) {
    t.equal(open(forge((_, parley) => (parley['RecipientKeys'] = keys))), 'malformed', `${keys.length} keys`)
  }
  t.equal(open(forge((_, parley) => (parley['Time'] = 1.5))), 'malformed')
})
