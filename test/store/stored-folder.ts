/** A data directory in which some messages are stored. */
import { openLocalStore } from '../../src/store/local-store.ts'
import { runOf } from './inbox-fixtures.ts'

/** Stores `runs` runs of five messages for each of ten users, half of them with ids and notes. */
export async function storeSome(dataDir: string, runs: number): Promise<void> {
  const store = openLocalStore({ dataDir })
  await store.call('addAccount', { userId: 'ann', passwordHash: 'h', role: 'user' })
  await store.call('openEpoch', {})
  for (let run = 0; run < runs; run++) {
    const works = Array.from({ length: 10 }, (_, user) =>
      runOf(`user${user}`, 1 + run * 5, 5, {
        ticket: run * 10 + user,
        ids: user % 2 === 0 ? Buffer.alloc(5 * 32, run + 1) : new Uint8Array(0),
        note: Buffer.from(user % 2 === 0 ? 'note' : ''),
      }),
    )
    store.runBatch(works)
  }
  await store.call('openInbox', { user: 'user1', device: 'phone', acknowledges: true })
  store.close()
}
