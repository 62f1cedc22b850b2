/** The ledger of the long tests about delivery: that it finds each fault, before a server is judged by it. */
import t from 'tap'
import { idOf, Ledger, type MessageName, nameIn, textOf } from '../long/support/ledger.ts'

const phone = { user: 'bob', device: 'phone' }
const desk = { user: 'bob', device: 'desk' }

/** A ledger of two devices and three messages, answered and shown as they should be. */
function soundLedger(): { ledger: Ledger; names: readonly [MessageName, MessageName, MessageName] } {
  const ledger = new Ledger()
  ledger.addDevice(phone)
  ledger.addDevice(desk)
  const names = [ledger.send('ann', 'bob'), ledger.send('ann', 'bob'), ledger.send('ann', 'bob')] as const
  return { ledger, names }
}

const kinds = (ledger: Ledger): string[] => ledger.faults().map(({ kind }) => kind)

t.test('a text proves its name', async (t) => {
  for (const number of [1, 2, 399, 100_000]) {
    const name = { from: 'ann', to: 'bob', number }
    t.same(nameIn(textOf(name)), name)
    t.equal(nameIn(`${textOf(name)}x`), undefined)
    t.equal(nameIn(textOf(name).replace('ann', 'amy4')), undefined)
  }
  t.equal(nameIn('hello'), undefined)
  t.equal(idOf({ from: 'ann', to: 'bob', number: 7 }), 'ann>bob#7')
})

t.test('what is as it should be has no faults', async (t) => {
  const { ledger, names } = soundLedger()
  t.equal(ledger.openCount, 3)
  t.same(ledger.openNames(2), ['ann>bob#1', 'ann>bob#2'])
  for (const name of names) for (const reader of [phone, desk]) ledger.shown(reader, 'ann', textOf(name))
  ledger.answered(names[0], 'delivered')
  ledger.answered(names[1], 'stored')
  ledger.rejected({ ...ledger.send('ann', 'nobody') }, 'user_unknown')
  t.same(kinds(ledger), [])
  t.match(ledger.answers, { delivered: 1, stored: 1, sent: 0, rejected: 1 })
  t.equal(ledger.answeredCount, 2)
  t.equal(ledger.shownCount, 6)
  t.equal(ledger.openCount, 1, 'shown, and not answered yet')
  t.same(ledger.rejections, { user_unknown: 1 })
})

t.test('what is stored is owed to each device, what is delivered to one, what is sent to nobody', async (t) => {
  const { ledger, names } = soundLedger()
  ledger.answered(names[0], 'stored')
  ledger.answered(names[1], 'delivered')
  ledger.answered(names[2], 'sent')
  t.equal(ledger.owedCount(), 3)
  t.same(kinds(ledger), ['lost', 'lost', 'lost'])
  ledger.shown(phone, 'ann', textOf(names[0]))
  t.match(ledger.faults(), [{ sentence: /#1 was answered stored, and bob\/desk/ }, { sentence: /#2 .* no device/ }])
  ledger.shown(desk, 'ann', textOf(names[0]))
  ledger.shown(desk, 'ann', textOf(names[1]))
  t.same(kinds(ledger), [])
})

t.test('a device that does not acknowledge is owed nothing', async (t) => {
  const ledger = new Ledger()
  ledger.addDevice({ user: 'old', device: 'plain' }, false)
  ledger.answered(ledger.send('ann', 'old'), 'stored')
  t.equal(ledger.owedCount(), 0)
})

t.test('a repeat is found, and one of another device is none', async (t) => {
  const { ledger, names } = soundLedger()
  ledger.shown(phone, 'ann', textOf(names[0]))
  ledger.shown(desk, 'ann', textOf(names[0]))
  t.same(kinds(ledger), [])
  ledger.shown(phone, 'ann', textOf(names[0]))
  t.same(kinds(ledger), ['twice'])
})

t.test(
  'an application that was begun anew may see again what had no answer when it ended, and nothing else',
  async (t) => {
    const { ledger, names } = soundLedger()
    ledger.shown(phone, 'ann', textOf(names[0]))
    ledger.shown(phone, 'ann', textOf(names[1]))
    ledger.answered(names[0], 'delivered')
    ledger.endLife(phone)
    ledger.shown(phone, 'ann', textOf(names[1]))
    ledger.answered(names[1], 'delivered')
    t.same(kinds(ledger), [])
    t.equal(ledger.againCount, 1)
    ledger.shown(phone, 'ann', textOf(names[0]))
    t.same(kinds(ledger), ['twice'])
  },
)

t.test('disorder is found, for each sender alone', async (t) => {
  const { ledger, names } = soundLedger()
  ledger.shown(phone, 'amy', textOf(ledger.send('amy', 'bob')))
  ledger.shown(phone, 'ann', textOf(names[2]))
  ledger.shown(phone, 'ann', textOf(names[0]))
  ledger.shown(desk, 'ann', textOf(names[0]))
  t.match(ledger.faults(), [{ kind: 'disorder', sentence: /bob\/phone was shown ann>bob#1 after number 3/ }])
})

t.test('what nobody sent, or sent to somebody else, or as somebody else, is found', async (t) => {
  const { ledger, names } = soundLedger()
  ledger.shown(phone, 'ann', textOf({ from: 'ann', to: 'bob', number: 4 }))
  ledger.shown(phone, 'amy', textOf(names[0]))
  ledger.shown(phone, 'ann', textOf(ledger.send('ann', 'amy')))
  ledger.shown(phone, 'ann', textOf(names[0]).replace(/ .*$/, ' changed'))
  t.same(kinds(ledger), ['invented', 'invented', 'invented', 'invented'])
})

t.test('what was refused must not be shown, and an answer comes once', async (t) => {
  const { ledger, names } = soundLedger()
  ledger.rejected(names[0], 'storage_full')
  ledger.shown(phone, 'ann', textOf(names[0]))
  ledger.answered(names[1], 'delivered')
  ledger.answered(names[1], 'stored')
  ledger.shown(phone, 'ann', textOf(names[1]))
  t.same(kinds(ledger), ['refused yet shown', 'answered twice'])
  ledger.rejected(names[2], 'storage_failed')
  ledger.shown(phone, 'ann', textOf(names[2]))
  t.equal(kinds(ledger).length, 2, 'which is no promise')
})

t.test('a test that speaks of what it never sent, or of an unknown device, is wrong itself', async (t) => {
  const { ledger, names } = soundLedger()
  t.throws(() => ledger.answered({ from: 'ann', to: 'amy', number: 1 }, 'stored'))
  t.throws(() => ledger.shown({ user: 'bob', device: 'watch' }, 'ann', textOf(names[0])))
})
