import t from 'tap'
import type { Accounts } from '../../src/store/accounts.ts'
import { accountWrites, callTable, inboxReads, inboxWrites } from '../../src/store/call-table.ts'
import type { DeviceKeys } from '../../src/store/device-keys.ts'
import type { History } from '../../src/store/history.ts'
import type { Inboxes } from '../../src/store/inboxes.ts'
import type { ReceiptAskers } from '../../src/store/receipt-askers.ts'

/** Answers every call with its name, and notes it. */
function recorder<Target>(calls: string[]): Target {
  return new Proxy({}, { get: (_, name) => () => calls.push(String(name)) && String(name) }) as Target
}

t.test('every call goes to the method of its name', async (t) => {
  const calls: string[] = []
  const table = callTable({
    accounts: recorder<Accounts>(calls),
    keys: recorder<DeviceKeys>(calls),
    inboxes: () => recorder<Inboxes>(calls),
    history: () => recorder<History>(calls),
    askers: recorder<ReceiptAskers>(calls),
    probe: () => recorder<{ probeStore: () => never }>(calls).probeStore(),
  })
  for (const [name, call] of Object.entries(table)) t.equal((call as (take: unknown) => unknown)({}), name, name)
  t.strictSame(
    calls.filter((name) => !(name in table)),
    ['forgetUser', 'forgetUser', 'forgetUser'],
  )
  for (const name of [...accountWrites, ...inboxWrites, ...inboxReads]) t.ok(name in table, name)
})

t.test('with an account its keys and its inbox go, and inboxes are loaded only when they are needed', async (t) => {
  const calls: string[] = []
  let loads = 0
  const table = callTable({
    accounts: recorder<Accounts>(calls),
    keys: recorder<DeviceKeys>(calls),
    inboxes: () => {
      loads++
      return recorder<Inboxes>(calls)
    },
    history: () => recorder<History>(calls),
    askers: recorder<ReceiptAskers>(calls),
    probe: () => recorder<{ probeStore: () => never }>(calls).probeStore(),
  })
  table.countAccounts({})
  t.equal(loads, 0)
  table.removeAccount({ userId: 'ann' })
  t.strictSame(calls, ['countAccounts', 'removeAccount', 'forgetUser', 'removeInbox', 'forgetUser', 'forgetUser'])
})
