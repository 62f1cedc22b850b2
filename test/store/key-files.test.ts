import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { followRotations } from '../../src/security/handshake-keys.ts'
import { publicJwkOf, thumbprintOf } from '../../src/security/jwk.ts'
import { KeyFiles, newHandshakeKey, newIdentity, newTicketKey, nextIdentity } from '../../src/store/key-files.ts'

function folder(t: Test): { dataDir: string; files: KeyFiles; path: (name: string) => string } {
  const dataDir = mkdtempSync(join(tmpdir(), 'parley-keys-'))
  t.teardown(() => rmSync(dataDir, { recursive: true, force: true }))
  return { dataDir, files: new KeyFiles(dataDir), path: (name) => join(dataDir, 'keys', name) }
}

const identity = newIdentity()

t.test('a new folder has no keys', async (t) => {
  const { files } = folder(t)
  t.same([files.readIdentity(), files.readHandshake(), files.readTickets()], [undefined, undefined, undefined])
})

t.test('keys are read back as they were written, by their owner only', async (t) => {
  const { dataDir, files, path } = folder(t)
  const handshake = await newHandshakeKey(1000, 60)
  const tickets = [newTicketKey(2000), newTicketKey(1000)]
  files.writeIdentity(await identity)
  files.writeHandshake(handshake)
  files.writeTickets(tickets)
  const again = new KeyFiles(dataDir)
  t.ok(again.readIdentity()?.privateKey.equals((await identity).privateKey))
  const read = again.readHandshake()
  t.ok(read?.privateKey.equals(handshake.privateKey))
  t.match(read, { notBefore: 1000, notAfter: 1060 })
  t.same(
    again.readTickets()?.map(({ id, key, since }) => [Buffer.from(id), key.export(), since]),
    tickets.map(({ id, key, since }) => [Buffer.from(id), key.export(), since]),
  )
  t.same(readdirSync(join(dataDir, 'keys')).sort(), ['handshake.json', 'identity.json', 'tickets.json'])
  if (process.platform !== 'win32') {
    for (const name of ['handshake.json', 'identity.json', 'tickets.json']) {
      t.equal(statSync(path(name)).mode & 0o777, 0o600, name)
    }
    t.equal(statSync(join(dataDir, 'keys')).mode & 0o777, 0o700)
  }
})

t.test('the sizes and the exponent of keys', async (t) => {
  const details = (await identity).privateKey.asymmetricKeyDetails
  t.match(details, { modulusLength: 3072, publicExponent: 65_537n })
  t.match((await newHandshakeKey(0, 1)).privateKey.asymmetricKeyDetails, { modulusLength: 2048 })
})

t.test('an identity signs the next one, and at most four before are told', async (t) => {
  const { files } = folder(t)
  let current = await identity
  const thumbprints = [thumbprintOf(publicJwkOf(current.privateKey))]
  for (let time = 1; time <= 5; time++) {
    current = await nextIdentity(current, time)
    thumbprints.unshift(thumbprintOf(publicJwkOf(current.privateKey)))
  }
  t.equal(current.rotations[0]?.time, 5)
  t.same(followRotations(thumbprints[0] ?? '', current.rotations), thumbprints.slice(1, 5))
  files.writeIdentity(current)
  t.same(files.readIdentity()?.rotations, current.rotations)
})

t.test('keys that others could read are refused, with what to do', async (t) => {
  if (process.platform === 'win32') return
  const { files, path } = folder(t)
  files.writeIdentity(await identity)
  for (const mode of [0o640, 0o604, 0o620, 0o602]) {
    chmodSync(path('identity.json'), mode)
    t.throws(() => files.readIdentity(), { code: 'storage_failed', message: /other users.*chmod 600/ })
  }
  chmodSync(path('identity.json'), 0o600)
  t.ok(files.readIdentity())
})

t.test('what is no key of a server is refused', async (t) => {
  const { files, path } = folder(t)
  files.writeIdentity(await identity)
  const good = readFileSync(path('identity.json'), 'utf8')
  const next = await nextIdentity(await identity, 1)
  const strange = { privateKey: JSON.parse(good).privateKey as string, rotations: [{ ...next.rotations[0] }] }
  for (const text of [
    '',
    '{}',
    '[]',
    'null',
    good.slice(0, -20),
    '{"privateKey":"x","rotations":[]}',
    JSON.stringify(strange),
  ]) {
    writeFileSync(path('identity.json'), text, { mode: 0o600 })
    t.throws(() => files.readIdentity(), { code: 'storage_failed', message: /holds no keys/ }, text.slice(0, 40))
  }
  writeFileSync(path('tickets.json'), '{"keys":[{"id":"AAAA","key":"x","since":1}]}', { mode: 0o600 })
  t.throws(() => files.readTickets(), { code: 'storage_failed' })
  writeFileSync(path('handshake.json'), '{"privateKey":1,"notBefore":1,"notAfter":2}', { mode: 0o600 })
  t.throws(() => files.readHandshake(), { code: 'storage_failed' })
})

t.test('what a crash left of a new file is no hindrance', async (t) => {
  const { files, path } = folder(t)
  writeFileSync(`${path('identity.json')}.new`, 'half', { mode: 0o644 })
  files.writeIdentity(await identity)
  t.ok(files.readIdentity())
})
