import t from 'tap'
import { isAtLeast, jetstreamSyncKind } from '../../../../bench/compare/servers/jetstream.ts'

t.test('versions are compared by their numbers', async (t) => {
  t.ok(isAtLeast('2.10.0', [2, 10]))
  t.ok(isAtLeast('3.0.1', [2, 10]))
  t.notOk(isAtLeast('2.9.10', [2, 10]))
})

t.test('the kind that syncs says so in its configuration', async (t) => {
  t.match((await jetstreamSyncKind.describe()).configuration, 'sync_interval: always')
})
