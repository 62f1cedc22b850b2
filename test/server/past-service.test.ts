import t from 'tap'
import { askPast, pageForOperator } from '../../src/server/past-service.ts'
import { openLocalStore } from '../../src/store/local-store.ts'

t.test('who asks for a user that is none is told so, and a store that fails has a code', async (t) => {
  const store = openLocalStore({ dataDir: t.testdir() })
  const page = { kind: 'page', user: 'ann', with: 'bob', limit: 5, bytesMax: 100 } as const
  const read = { kind: 'read', user: 'ann', with: 'bob', epoch: 1, seq: 1, messageId: '' } as const
  t.match(await askPast(store, true, page), { kind: 'refused', problem: { code: 'user_unknown' } })
  await store.call('addAccount', { userId: 'bob', passwordHash: 'h', role: 'user' })
  t.match(await askPast(store, true, page), { kind: 'page', page: { messages: [] } })
  t.same(await askPast(store, false, read), { kind: 'read', state: undefined })
  t.match(await askPast(store, true, { kind: 'list', user: 'ann', after: '', limit: 5 }), { kind: 'list' })
  await t.rejects(pageForOperator(store, false, { user: 'ann', with: 'bob' }), { code: 'not_supported' })
  await t.rejects(pageForOperator(store, true, { user: 'ann', with: 'bob' }), { code: 'user_unknown' })
  await t.rejects(pageForOperator(store, true, { user: 'bob', with: 'bob', before: 1, after: 1 }), {
    code: 'bad_content',
  })
  store.close()
  t.match(await askPast(store, true, page), { kind: 'refused', problem: { code: 'storage_failed' } })
})
