import t from 'tap'
import { variableOf } from '../../src/config/setting-names.ts'
import { poolThreadsDefault, reloadableSettings, settingsShape } from '../../src/config/settings.ts'

t.test('the default of every setting is a value that it takes', async (t) => {
  for (const [property, { schema, meta }] of Object.entries(settingsShape)) {
    t.ok(schema.safeParse(meta.defaultText).success, property)
  }
})

t.test('every setting tells people what it does, in a sentence without its full stop', async (t) => {
  for (const [property, { meta }] of Object.entries(settingsShape)) {
    t.match(meta.about, /^[A-Z0-9`].{3,}[^.]$/, property)
  }
})

t.test('a property gives its variable back', async (t) => {
  const variables = Object.keys(settingsShape).map(variableOf)
  t.equal(new Set(variables).size, variables.length)
  for (const variable of variables) t.match(variable, /^PARLEY_[A-Z0-9]+(_[A-Z0-9]+)*$/)
})

t.test('the pool has a thread a core, at least 2 and at most 16', async (t) => {
  t.same([1, 2, 8, 16, 64].map(poolThreadsDefault), [2, 2, 8, 16, 16])
})

t.test('what can be reloaded is a setting', async (t) => {
  for (const name of reloadableSettings) t.ok(name in settingsShape)
})
