import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { KnownHostsFile } from '../../src/client/known-hosts-file.ts'

const one = 'A'.repeat(43)
const two = 'B'.repeat(43)

t.test('a file is made for its owner only, and remembers', async (t) => {
  const path = join(t.testdir(), 'folder', 'known-hosts')
  const hosts = new KnownHostsFile(path)
  t.equal(await hosts.find('a:1'), undefined)
  await hosts.save('a:1', one)
  await hosts.save('[::1]:7700', two)
  t.equal(await hosts.find('a:1'), one)
  t.equal(await new KnownHostsFile(path).find('[::1]:7700'), two)
  if (process.platform !== 'win32') t.equal(statSync(path).mode & 0o777, 0o600)
  t.match(readFileSync(path, 'utf8'), /^a:1 A{43} \d{4}-\d\d-\d\d\n/)
})

t.test('a changed key takes the place of its line; what people wrote stays', async (t) => {
  const path = join(t.testdir(), 'known-hosts')
  writeFileSync(path, `# mine\na:1 ${one}\nnonsense\n`)
  const hosts = new KnownHostsFile(path)
  t.equal(await hosts.find('a:1'), one)
  await hosts.save('a:1', two)
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
  t.strictSame(lines.slice(0, 2), ['# mine', 'nonsense'])
  t.equal(lines.length, 3)
  t.equal(await hosts.find('a:1'), two)
})

t.test('many that write at once lose nothing, and leave nothing behind', async (t) => {
  const folder = t.testdir()
  const path = join(folder, 'known-hosts')
  await Promise.all(Array.from({ length: 20 }, (_, port) => new KnownHostsFile(path).save(`a:${port}`, one)))
  t.equal(readFileSync(path, 'utf8').trimEnd().split('\n').length, 20)
  t.strictSame(readdirSync(folder), ['known-hosts'])
})

t.test('a file that can’t be read is an error, not an unknown server', async (t) => {
  await t.rejects(new KnownHostsFile(t.testdir()).find('a:1'))
})
