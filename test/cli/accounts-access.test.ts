import t from 'tap'
import { openAccounts, withAccounts } from '../../src/cli/accounts-access.ts'
import { fakeServer } from './run-cli.ts'
import { shortFolder } from './short-folder.ts'

t.test('where no server runs, the file is opened', async (t) => {
  const dataDir = shortFolder(t)
  const added = await withAccounts(dataDir, async (accounts) => {
    t.equal(accounts.via, 'file')
    return accounts.call('addAccount', { userId: 'bob', passwordHash: 'h', role: 'user' })
  })
  t.match(added, { userId: 'bob' })
  t.equal(await withAccounts(dataDir, (accounts) => accounts.call('countAccounts', {})), 1)
})

t.test('a running server is asked', async (t) => {
  const dataDir = shortFolder(t)
  await fakeServer(t, dataDir, { store: async () => 41 as never })
  const accounts = await openAccounts(dataDir)
  t.teardown(() => accounts.close())
  t.equal(accounts.via, 'server')
  t.equal(await accounts.call('countAccounts', {}), 41)
})
