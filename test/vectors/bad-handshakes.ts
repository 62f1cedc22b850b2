/** The bad frames 2 and 3 of `handshake.json`, made from the good ones. */
import { publicEncrypt } from 'node:crypto'
import { writeTerminalBody } from '../../src/security/handshake-body.ts'
import { namedBytes } from './fixed-random.ts'
import type { FinishCase, HandshakeCase, TerminalCase } from './handshake-vectors.ts'
import { vectorKey } from './vector-files.ts'

/** Frames 2 that come to nothing. */
export function badTerminals(handshakes: readonly HandshakeCase[]): TerminalCase[] {
  const full = named(handshakes, 'suite 1')
  const resumption = named(handshakes, 'suite 1, resumption')
  const cases: TerminalCase[] = []
  const add = (name: string, handshake: HandshakeCase, terminal: string, refused = true): void => {
    if (terminal === handshake.terminal) throw new Error(`${name}: nothing is different`)
    cases.push({ name, handshake: handshake.name, terminal, refused })
  }
  const changed = (changes: object, { terminal, now } = full): string => {
    const content = JSON.parse(JSON.parse(terminal).Content)
    return writeTerminalBody(now, { ...content, ...changes }).toString('latin1')
  }
  const { n } = vectorKey('alice').jwk
  const modulus = Buffer.from(n, 'base64url')
  const keyWith = (bytes: Buffer): object => ({ Key: { kty: 'RSA', n: bytes.toString('base64url'), e: 'AQAB' } })
  const point = Buffer.from(JSON.parse(JSON.parse(full.terminal).Content).Point, 'base64url')
  const bytes = (length: number, byte = 1): string => Buffer.alloc(length, byte).toString('base64url')
  const share = (name: string, oaepHash: string, length = 32): string =>
    publicEncrypt(
      { key: vectorKey('handshake').publicKey, padding: 4, oaepHash },
      named32(name).subarray(0, length),
    ).toString('base64url')

  add('suite 4', full, changed({ Suite: 4 }))
  add('a suite as text', full, changed({ Suite: '1' }))
  add('no key', full, changed({ Key: undefined }))
  add('an exponent of 1', full, changed({ Key: { kty: 'RSA', n, e: 'AQ' } }))
  add('an exponent of 3', full, changed({ Key: { kty: 'RSA', n, e: 'Aw' } }))
  add('an even modulus', full, changed(keyWith(Buffer.concat([modulus.subarray(0, -1), Buffer.of(2)]))))
  add('a modulus of 1024 bits', full, changed(keyWith(modulus.subarray(128))))
  add('a modulus of 16384 bits', full, changed(keyWith(Buffer.alloc(2048, 0xff))))
  add('a modulus with the factor 3', full, changed(keyWith(multipleOf3(modulus))))
  add('a modulus with a leading zero', full, changed(keyWith(Buffer.concat([Buffer.of(0), modulus]))))
  add('a modulus with padding', full, changed({ Key: { kty: 'RSA', n: `${n}=`, e: 'AQAB' } }))
  add('a private part', full, changed({ Key: { kty: 'RSA', n, e: 'AQAB', d: n } }))
  add('another member in the key', full, changed({ Key: { kty: 'RSA', n, e: 'AQAB', alg: 'PS256' } }))
  add('another kind of key', full, changed({ Key: { kty: 'EC', crv: 'P-256', x: bytes(32), y: bytes(32) } }))
  add('a nonce of 31 bytes', full, changed({ Nonce: bytes(31) }))
  add('no nonce', full, changed({ Nonce: undefined }))
  add('a point that is not on the curve', full, changed({ Point: bytes(65, 4) }))
  add('a compressed point', full, changed({ Point: compressed(point).toString('base64url') }))
  add('no point', full, changed({ Point: undefined }))
  add('a share of 255 bytes', full, changed({ Share: bytes(255) }))
  add('a point in suite 3', named(handshakes, 'suite 3'), changed({ Suite: 3 }))
  add('a ticket beside a key', full, changed({ Ticket: resumption.resumption?.ticket }))
  add('white space', full, full.terminal.replace('{"MsgType":', '{"MsgType": '))
  add('a member twice', full, full.terminal.replace('\\"Suite\\":1', '\\"Suite\\":1,\\"Suite\\":1'))
  add('another escape', full, full.terminal.replace('\\"Suite\\"', '\\u0022Suite\\u0022'))
  add('Content is not the last member', full, full.terminal.replace(/}$/, ',"CallbackID":"1"}'))
  add('cut', full, full.terminal.slice(0, -1))
  add('a ticket with a wrong MAC', resumption, resumption.terminal.replace(/.{44}(?=\\"}"}$)/, `"${bytes(32)}`))
  add('a ticket with no MAC', resumption, changed({ Mac: undefined }, resumption))
  add('a ticket with another nonce', resumption, changed({ Nonce: bytes(32) }, resumption))
  add('a ticket under another suite', resumption, changed({ Suite: 2 }, resumption))
  add('a ticket that nobody made', resumption, changed({ Ticket: bytes(300) }, resumption))
  add('a ticket with the MAC for another offer', named(handshakes, 'suite 2, resumption'), resumption.terminal)
  add('random bytes in place of the share', full, changed({ Share: bytes(256) }), false)
  add('a share of 31 bytes under OAEP', full, changed({ Share: share('short', 'sha256', 31) }), false)
  add('a share under OAEP with SHA-1', full, changed({ Share: share('other hash', 'sha1') }), false)
  add('the share of somebody else', full, changed({ Share: share('somebody else', 'sha256') }), false)
  return cases
}

/** Frames 3 that a client must refuse. */
export function badFinishes(handshakes: readonly HandshakeCase[]): FinishCase[] {
  return ['suite 1', 'suite 3', 'suite 1, resumption'].flatMap((name) => {
    const { finish } = named(handshakes, name)
    const other = named(handshakes, name === 'suite 1' ? 'suite 1, an offer with rotations' : 'suite 1')
    const cases: FinishCase[] = []
    const add = (what: string, text: string): void => {
      if (text === finish) throw new Error(`${what}: nothing is different`)
      cases.push({ name: `${name}: ${what}`, handshake: name, finish: text })
    }
    add('another MAC', finish.replace(/.{43}(?=\\"}"}$)/, 'A'.repeat(43)))
    add(
      'the first bit of the MAC',
      finish.replace(/(.)(.{42}\\"}"}$)/, (_, first, rest) => flip(first) + rest),
    )
    add('no MAC', finish.replace(/,\\"Finish.*/, '}"}'))
    add('a MAC with padding', finish.replace(/\\"}"}$/, '=\\"}"}'))
    add(
      'another nonce',
      finish.replace(/(Nonce\\":\\")./, (_, before) => `${before}${finish.includes(`${before}A`) ? 'B' : 'A'}`),
    )
    add('no nonce', finish.replace(/,\\"Nonce\\":\\"[^\\]*\\"|\\"Nonce\\":\\"[^\\]*\\",/, ''))
    add('another time', finish.replace(/"CreateTime":\d/, '"CreateTime":9'))
    add('a member more in the envelope', finish.replace('{"MsgType"', '{"FromUserId":"","MsgType"'))
    add('white space at the end', `${finish} `)
    add('white space before the MAC', finish.replace(',\\"Finish', ', \\"Finish'))
    add('cut', finish.slice(0, -1))
    add('frame 3 of another session', other.finish)
    return cases
  })
}

function named(handshakes: readonly HandshakeCase[], name: string): HandshakeCase {
  const found = handshakes.find((handshake) => handshake.name === name)
  if (found === undefined) throw new Error(`no handshake ${name}`)
  return found
}

function named32(name: string): Buffer {
  return namedBytes(`bad share: ${name}`)
}

function flip(character: string): string {
  return character === 'A' ? 'g' : 'A'
}

function compressed(point: Buffer): Buffer {
  return Buffer.concat([Buffer.of(2 + (point.readUInt8(64) & 1)), point.subarray(1, 33)])
}

/** The nearest odd multiple of 3 below. */
function multipleOf3(modulus: Buffer): Buffer {
  let number = BigInt(`0x${modulus.toString('hex')}`)
  while (number % 3n !== 0n || number % 2n === 0n) number--
  return Buffer.from(number.toString(16), 'hex')
}
