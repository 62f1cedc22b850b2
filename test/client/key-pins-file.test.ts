import { appendFileSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { KeyPinsFile } from '../../src/client/key-pins-file.ts'

t.test('pins are kept by server and user, for their owner only', async (t) => {
  const path = join(t.testdir(), 'folder', 'known-keys')
  const pins = new KeyPinsFile(path, 'a:1')
  t.equal(await pins.find('bob'), undefined)
  await pins.save('bob', { length: 1, head: 'h' })
  await pins.save('bob', { length: 2, head: 'i', verified: '1 2' })
  await new KeyPinsFile(path, 'b:1').save('bob', { length: 3, head: 'j' })
  t.strictSame(await new KeyPinsFile(path, 'a:1').find('bob'), { length: 2, head: 'i', verified: '1 2' })
  t.equal(await pins.find('carol'), undefined)
  if (process.platform !== 'win32') t.equal(statSync(path).mode & 0o777, 0o600)
  t.equal(readFileSync(path, 'utf8').trimEnd().split('\n').length, 2)
  await pins.save('bob', undefined)
  t.equal(await pins.find('bob'), undefined)
  t.strictSame(await new KeyPinsFile(path, 'b:1').find('bob'), { length: 3, head: 'j' })
})

t.test('lines that are something else stay', async (t) => {
  const path = join(t.testdir({ keys: '# mine\n' }), 'keys')
  const pins = new KeyPinsFile(path, 'a:1')
  await pins.save('bob', { length: 1, head: 'h' })
  appendFileSync(path, '{"Server":"a:1","User":"bob"}\nnull\n')
  t.strictSame(await pins.find('bob'), { length: 1, head: 'h' })
  await pins.save('bob', undefined)
  t.equal(readFileSync(path, 'utf8'), '# mine\n{"Server":"a:1","User":"bob"}\nnull\n')
})
