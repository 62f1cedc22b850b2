import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { loadSettings, readSecretFile } from '../../src/config/load-settings.ts'

t.test('the .env file of the folder is read when it is there', async (t) => {
  const path = join(t.testdir({ '.env': '# mine\nPARLEY_PORT=7000\nPARLEY_HOST="::1"\nOTHER=1\n' }), '.env')
  const loaded = loadSettings({ flags: {}, env: { PARLEY_HOST: 'localhost' }, envFile: { path, required: false } })
  if (loaded.kind !== 'loaded') throw new Error(loaded.problems.join())
  t.match(loaded.settings, { port: 7000, host: 'localhost', wsPort: 7701 })
  t.match(loaded.sources, { port: '.env file', host: 'environment', wsPort: 'default' })
  t.same(loaded.warnings, [])
})

t.test('a .env file that nobody named may be missing, a named one not', async (t) => {
  const path = join(t.testdir(), 'none')
  t.equal(loadSettings({ flags: {}, env: {}, envFile: { path, required: false } }).kind, 'loaded')
  t.match(loadSettings({ flags: {}, env: {}, envFile: { path, required: true } }), {
    kind: 'refused',
    problems: [/none can't be read \(ENOENT\)/],
  })
})

t.test('problems of single settings and of rules between them come at once, and warnings with them', async (t) => {
  const loaded = loadSettings({
    flags: { PARLEY_PORT: '70000' },
    env: { PARLEY_POOL_MIN_THREADS: '9', PARLEY_POOL_MAX_THREADS: '3', PARLEY_CHARSET: 'latin1', PARLEY_LOGLEVEL: 'x' },
    envFile: undefined,
  })
  t.match(loaded, {
    kind: 'refused',
    problems: [/PARLEY_PORT must.*flag/, /PARLEY_CHARSET must be utf-8 or gb18030/, /PARLEY_POOL_MIN_THREADS, /],
    warnings: [/did you mean PARLEY_LOG_LEVEL/],
  })
})

t.test('a secret file is bounded, whole and UTF-8', async (t) => {
  const dir = t.testdir({ good: 'sécret\n', bad: '' })
  t.equal(readSecretFile(join(dir, 'good')), 'sécret\n')
  writeFileSync(join(dir, 'bad'), Buffer.from([0x61, 0xff]))
  t.throws(() => readSecretFile(join(dir, 'bad')))
  writeFileSync(join(dir, 'bad'), Buffer.alloc(65_536, 'a'))
  t.equal(readSecretFile(join(dir, 'bad')).length, 65_536)
  writeFileSync(join(dir, 'bad'), Buffer.alloc(65_537, 'a'))
  t.throws(() => readSecretFile(join(dir, 'bad')), { message: /longer than/ })
  t.throws(() => readSecretFile(dir), { message: /folder|EISDIR/ })
})
