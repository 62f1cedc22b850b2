import t from 'tap'
import type { AccountSummary } from '../../../src/mailbox/store-messages.ts'
import { fakeServer, runHere } from '../run-cli.ts'
import { shortFolder } from '../short-folder.ts'

function account(userId: string, changes: Partial<AccountSummary> = {}): AccountSummary {
  return { userId, role: 'user', disabled: false, bannedUntil: 0, createdAt: 0, ...changes }
}

t.test('all pages are shown', async (t) => {
  const dataDir = shortFolder(t)
  const all = Array.from({ length: 2300 }, (_, index) => account(`u${String(index).padStart(5, '0')}`))
  const asked: unknown[] = []
  await fakeServer(t, dataDir, {
    store: async (name, take) => {
      asked.push([name, take])
      const after = 'after' in take ? (take.after ?? '') : ''
      return { accounts: all.filter((one) => one.userId > after).slice(0, 1000), total: all.length } as never
    },
  })
  const { stdout } = await runHere(['user', 'list', '--prefix', 'u'], { env: { PARLEY_DATA_DIR: dataDir } })
  t.equal(stdout.trimEnd().split('\n').length, 2301)
  t.match(asked, [
    ['listAccounts', { prefix: 'u', limit: 1000 }],
    ['listAccounts', { after: 'u00999' }],
    ['listAccounts', { after: 'u01999' }],
  ])
})

t.test('as JSON there is an object a line, spelled as in an import', async (t) => {
  const dataDir = shortFolder(t)
  const accounts = [
    account('a', { disabled: true }),
    account('b', { bannedUntil: 9_000_000_000_000, role: 'operator' }),
  ]
  await fakeServer(t, dataDir, { store: async () => ({ accounts, total: 2 }) as never })
  const { stdout } = await runHere(['user', 'list', '--json'], { env: { PARLEY_DATA_DIR: dataDir } })
  t.same(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
    [
      { UserId: 'a', Role: 'user', Disabled: true, CreatedAt: '1970-01-01T00:00:00.000Z' },
      {
        UserId: 'b',
        Role: 'operator',
        Disabled: false,
        BannedUntil: '2255-03-14T16:00:00.000Z',
        CreatedAt: '1970-01-01T00:00:00.000Z',
      },
    ],
  )
  const table = await runHere(['user', 'list'], { env: { PARLEY_DATA_DIR: dataDir } })
  t.match(table.stdout, /a +user +disabled +1970-01-01\nb +operator +banned until 2255/)
})
