import t from 'tap'
import { TemporaryUsers } from '../../../bench/servers/temporary-users.ts'
import type { ControlHandlers } from '../../../src/server/control-server.ts'
import { fakeServer } from '../../cli/run-cli.ts'
import { shortFolder } from '../../cli/short-folder.ts'

/** Accounts that a server has, changed through its control socket. */
async function serverWith(t: Parameters<typeof fakeServer>[0], accounts: Set<string>): Promise<string> {
  const dataDir = shortFolder(t)
  const store = async (name: string, take: unknown): Promise<unknown> => {
    if (name === 'importAccounts') {
      const { accounts: added } = take as { accounts: { userId: string }[] }
      for (const { userId } of added) accounts.add(userId)
      return { added: added.length, existing: [] }
    }
    const { userId } = take as { userId: string }
    if (!accounts.delete(userId)) throw Object.assign(new Error('there is none'), { code: 'user_unknown' })
    return { userId }
  }
  await fakeServer(t, dataDir, { store: store as ControlHandlers['store'] })
  return dataDir
}

t.test('users are made in parts, and removed without touching others', async (t) => {
  const accounts = new Set(['alice'])
  const users = new TemporaryUsers(await serverWith(t, accounts))
  await users.make(700)
  t.equal(accounts.size, 702)
  t.ok(accounts.has(users.operator))
  t.ok(accounts.has(`${users.prefix}00699`))
  await users.remove()
  t.strictSame([...accounts], ['alice'])
  await users.remove()
})

t.test('one that somebody else removed already is no fault', async (t) => {
  const accounts = new Set<string>()
  const users = new TemporaryUsers(await serverWith(t, accounts))
  await users.make(3)
  accounts.delete(`${users.prefix}00001`)
  await users.remove()
  t.equal(accounts.size, 0)
})

t.test('no server is an error that names the folder', async (t) => {
  const folder = t.testdir()
  await t.rejects(new TemporaryUsers(folder).make(1), { message: `no server runs on the data directory ${folder}` })
})

t.test('no two runs have the same names or passwords', async (t) => {
  const [one, other] = [new TemporaryUsers('.'), new TemporaryUsers('.')]
  t.not(one.prefix, other.prefix)
  t.not(one.password, other.password)
})
