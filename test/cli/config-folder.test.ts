import { join } from 'node:path'
import t from 'tap'
import { configFolder, userFileName } from '../../src/cli/config-folder.ts'

t.test('the folder is where the system keeps such things', async (t) => {
  t.equal(configFolder({ env: { HOME: '/home/a' } }), join('/home/a', '.config', 'parley'))
  t.equal(configFolder({ env: { HOME: '/home/a', XDG_CONFIG_HOME: '/x' } }), join('/x', 'parley'))
  t.equal(configFolder({ env: {} }), undefined)
})

t.test('a name that could lead elsewhere is no part of a path', async (t) => {
  t.equal(userFileName('alice.b-c_1'), 'alice.b-c_1')
  for (const name of ['..', '.x', 'a/b', 'a\\b', '爱丽丝', 'x'.repeat(65)])
    t.match(userFileName(name), /^[0-9a-f]{64}$/)
  t.not(userFileName('a/b'), userFileName('a\\b'))
})
