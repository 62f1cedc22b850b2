/** That the source keeps the rules of `source-rules.ts`, and that each rule finds what it is there for. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { rawSecrets, type SourceText, sourceRules, violations } from './source-rules.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))

const sources: readonly SourceText[] = ['src', 'examples'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.(ts|js|mjs|html|py|java|cs)$/.test(path))
    .map((path) => ({
      path: `${folder}/${path.split(sep).join('/')}`,
      text: readFileSync(join(root, folder, path), 'utf8'),
    })),
)

for (const rule of sourceRules) {
  t.test(`the source keeps to it: ${rule.name}`, async (t) => {
    t.ok(sources.length > 100)
    const found = sources.flatMap((source) => violations(rule, source).map((code) => `${source.path}: ${code}`))
    t.strictSame(found, [])
  })
}

t.test('the exceptions to the rule on secrets are all needed', async (t) => {
  for (const { path, name } of rawSecrets) {
    const text = sources.find((source) => source.path === path)?.text ?? ''
    t.match(text, new RegExp(String.raw`\b${name}\??: (Uint8Array|Buffer|string)`), `${path}: ${name}`)
  }
})

const ts = 'src/security/sample.ts'
const [noPkcs1, noPrivate, tagLength, salt, oaep, random, constantTime, ownType] = sourceRules.map(({ name }) => name)

/** Samples: the rule, the file, the code, and whether it breaks the rule. */
const samples: readonly (readonly [rule: string | undefined, path: string, code: string, bad: boolean])[] = [
  [noPkcs1, ts, 'publicEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, share)', true],
  [noPkcs1, ts, 'publicEncrypt(key, share)', true],
  [noPkcs1, ts, 'privateDecrypt({ key, padding }, f(x))', true],
  [noPkcs1, ts, 'sign(h, text, { key, padding: constants.RSA_PKCS1_PADDING })', true],
  [noPkcs1, 'src/security/rsa-signature.ts', '{ padding: constants.RSA_PKCS1_PADDING }', false],
  [noPkcs1, 'src/security/rsa-signature.ts', 'publicEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, x)', true],
  [noPkcs1, ts, 'publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, share)', false],
  [noPkcs1, ts, '// publicEncrypt(key, share)', false],
  [noPkcs1, 'examples/A.java', 'Cipher.getInstance("RSA/ECB/PKCS1Padding")', true],
  [noPkcs1, 'examples/A.java', 'Cipher.getInstance("RSA")', true],
  [noPkcs1, 'examples/A.java', 'KeyFactory.getInstance("RSA")', false],
  [noPkcs1, 'examples/a.cs', 'rsa.Encrypt(bytes, false)', true],
  [noPkcs1, 'examples/a.cs', 'rsa.Encrypt(bytes, true)', false],
  [noPkcs1, 'examples/a.cs', 'rsa.Decrypt(bytes, RSAEncryptionPadding.Pkcs1)', true],
  [noPkcs1, 'examples/a.cs', 'rsa.SignData(text, name, RSASignaturePadding.Pkcs1)', false],
  [noPkcs1, 'examples/a.py', 'key.decrypt(data, padding.PKCS1v15())', true],
  [noPkcs1, 'examples/a.py', 'key.sign(data, padding.PKCS1v15(), hashes.SHA256())', false],
  [noPrivate, ts, "import { privateEncrypt } from 'node:crypto'", true],
  [noPrivate, 'examples/a.js', 'crypto.publicDecrypt(key, bytes)', true],
  [noPrivate, ts, '/** Never privateEncrypt. */', false],
  [tagLength, ts, "createDecipheriv('aes-256-gcm', key, iv)", true],
  [tagLength, ts, "createDecipheriv('chacha20-poly1305', key, iv, {})", true],
  [tagLength, ts, 'createDecipheriv(name, key, iv, { authTagLength })', true],
  [tagLength, ts, "createDecipheriv('aes-256-gcm', key, iv(x), { authTagLength: 16 })", false],
  [tagLength, ts, "const gcm = { authTagLength: 16 }\ncreateDecipheriv('aes-256-gcm', key, iv(x), gcm)", false],
  [tagLength, ts, "const gcm = { highWaterMark: 16 }\ncreateDecipheriv('aes-256-gcm', key, iv(x), gcm)", true],
  [tagLength, ts, "createDecipheriv('aes-256-cbc', key, iv)", false],
  [tagLength, ts, "createCipheriv('aes-256-gcm', key, iv)", true],
  [tagLength, ts, 'decipher.setAuthTag(tag)', true],
  [tagLength, ts, "createDecipher('aes192', password)", true],
  [salt, ts, 'verify(h, t, { key, padding: constants.RSA_PKCS1_PSS_PADDING }, s)', true],
  [salt, ts, 'const padding = constants.RSA_PKCS1_PSS_PADDING', true],
  [salt, ts, '({ padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 20 })', true],
  [salt, ts, '({ padding: constants.RSA_PKCS1_PSS_PADDING, saltLength })', true],
  [salt, ts, 'const saltLength = 32\n;({ padding: constants.RSA_PKCS1_PSS_PADDING, saltLength })', false],
  [salt, ts, 'const saltLength = 64\n;({ padding: constants.RSA_PKCS1_PSS_PADDING, saltLength })', true],
  [salt, ts, '({ padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO })', true],
  [salt, ts, '({ padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 })', false],
  [salt, 'examples/a.js', "const PSS = { name: 'RSA-PSS', saltLength: 64 }", true],
  [salt, 'examples/a.js', "subtle.sign({ name: 'RSA-PSS' }, key, bytes)", true],
  [salt, 'examples/A.java', 'new PSSParameterSpec("SHA-256", "MGF1", MGF1ParameterSpec.SHA256, 20, 1)', true],
  [salt, 'examples/A.java', 'new PSSParameterSpec("SHA-256", "MGF1", MGF1ParameterSpec.SHA256, 32, 1)', false],
  [salt, 'examples/a.py', 'padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.MAX_LENGTH)', true],
  [salt, 'examples/a.py', 'padding.PSS(padding.MGF1(hashes.SHA256()), 32)', false],
  [salt, 'examples/a.py', 'padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)', false],
  [oaep, ts, 'publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING }, x)', true],
  [oaep, ts, "publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' }, x)", true],
  [oaep, ts, "publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }, x)", false],
  [oaep, 'src/security/suites.ts', "{ oaepHash: 'sha1' }", false],
  [oaep, 'examples/A.java', 'Cipher.getInstance("RSA/ECB/OAEPWithSHA-256AndMGF1Padding")', true],
  [oaep, 'examples/A.java', 'Cipher.getInstance("RSA/ECB/OAEPPadding")', true],
  [oaep, 'examples/A.java', 'new OAEPParameterSpec("SHA-256", "MGF1", MGF1ParameterSpec.SHA1, P)', true],
  [oaep, 'examples/a.py', 'padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA256(), None)', true],
  [oaep, 'examples/a.py', 'padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)', false],
  [random, ts, 'const x = Math.random()', true],
  [random, ts, 'const { random } = Math; pseudoRandomBytes(8)', true],
  [random, 'src/client/sample.ts', 'random: given.random ?? Math.random', false],
  [random, 'examples/a.js', 'Math.random().toString(36)', true],
  [random, 'examples/a.py', 'import random', true],
  [random, 'examples/a.py', 'import secrets', false],
  [random, 'examples/A.java', 'Random r = new Random();', true],
  [random, 'examples/A.java', 'SecureRandom r = new SecureRandom();', false],
  [constantTime, ts, 'if (mac === expected) return true', true],
  [constantTime, ts, 'return expected !== record.tag', true],
  [constantTime, ts, "return expectedMac == given.toString('hex')", true],
  [constantTime, ts, 'return sharedSecret !== other', true],
  [constantTime, ts, "return createHmac('sha256', key).update(text).digest('hex') === given", true],
  [constantTime, ts, 'return mac.equals(expected)', true],
  [constantTime, ts, 'return expected.equals(parts.tag)', true],
  [constantTime, ts, 'return Buffer.compare(tag, expected) === 0', true],
  [constantTime, ts, 'const mac = new Secret(bytes)\nreturn mac.equals(expected)', false],
  [constantTime, ts, "if (mac === undefined || tag.length !== 16 || typeof secret === 'string') return", false],
  [constantTime, ts, 'return timingSafeEqual(mac, expected)', false],
  [ownType, ts, 'interface Keys { readonly signingKey: Uint8Array }', true],
  [ownType, ts, 'function f(resumptionSecret: Buffer): void {}', true],
  [ownType, ts, 'let clientFinishKey: string | undefined', true],
  [ownType, ts, 'interface Keys { readonly ticketMacKey?: Uint8Array }', true],
  [ownType, ts, 'interface Keys { readonly signingKey: Secret; readonly handshakeKey: KeyObject }', false],
]

t.test('each rule finds what it is there for, and leaves alone what is right', async (t) => {
  for (const [name, path, text, bad] of samples) {
    const rule = sourceRules.find((found) => found.name === name)
    if (rule === undefined) throw new Error(`no rule ${name}`)
    t.equal(violations(rule, { path, text }).length > 0, bad, `${name}: ${text}`)
  }
  for (const { name } of sourceRules) {
    t.ok(
      samples.some(([rule, , , bad]) => rule === name && bad),
      `a bad sample for: ${name}`,
    )
  }
})
