import t from 'tap'
import { StoreKeeper } from '../../src/server/store-keeper.ts'
import { inboxSettingsDefault } from '../../src/store/local-store.ts'
import { lastThread } from '../system/support/caught-threads.ts'
import { within } from '../system/support/deadline.ts'

t.test('a storage thread that dies is replaced, and the next one knows what was stored', async (t) => {
  let replaced: () => void = () => {}
  const isReplaced = new Promise<void>((resolve) => {
    replaced = resolve
  })
  const told: string[] = []
  const keeper = await StoreKeeper.open({
    dataDir: t.testdir(),
    history: undefined,
    inboxes: inboxSettingsDefault,
    restartsMax: 1,
    events: {
      died: () => told.push('died'),
      replaced: () => replaced(),
      givenUp: () => told.push('givenUp'),
      appended: () => {},
      remembered: () => {},
    },
  })
  t.equal((await keeper.call('openEpoch', {})).epoch, 1)
  await lastThread('parley-store').terminate()
  await within(isReplaced, 'another thread')
  t.strictSame(told, ['died'])
  t.equal((await keeper.call('openEpoch', {})).epoch, 2)
  await keeper.close()
  await t.rejects(keeper.call('openEpoch', {}), { code: 'storage_failed' })
})
