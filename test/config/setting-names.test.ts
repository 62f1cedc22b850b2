import t from 'tap'
import { nearestName, variableOf } from '../../src/config/setting-names.ts'

t.test('a property has one variable', async (t) => {
  t.equal(variableOf('host'), 'PARLEY_HOST')
  t.equal(variableOf('frameBytesMax'), 'PARLEY_FRAME_BYTES_MAX')
  t.equal(variableOf('argon2MemoryKib'), 'PARLEY_ARGON2_MEMORY_KIB')
  t.equal(variableOf('tokenTtlS'), 'PARLEY_TOKEN_TTL_S')
})

t.test('the nearest name is found by letters added, removed, replaced and swapped', async (t) => {
  const known = ['PARLEY_PORT', 'PARLEY_WS_PORT', 'PARLEY_HOST', 'PARLEY_DATA_DIR']
  t.equal(nearestName('PARLEY_PROT', known), 'PARLEY_PORT')
  t.equal(nearestName('PARLEY_WSPORT', known), 'PARLEY_WS_PORT')
  t.equal(nearestName('PARLEY_HOSTS', known), 'PARLEY_HOST')
  t.equal(nearestName('PARLEY_DATADIR', known), 'PARLEY_DATA_DIR')
})

t.test('a name that is like none has no nearest', async (t) => {
  t.equal(nearestName('PARLEY_SOMETHING_ELSE', ['PARLEY_PORT']), undefined)
  t.equal(nearestName('x', []), undefined)
})
