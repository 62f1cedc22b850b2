import t from 'tap'
import { requireSettings } from '../../src/cli/settings-options.ts'
import { wantsWire, wireAccess, wireConnection } from '../../src/cli/wire-access.ts'
import { testContext } from './run-cli.ts'

const { settings } = requireSettings(testContext().context, {})

t.test('the settings say where the server is, unless a URL does', async (t) => {
  t.match(wireConnection({}, settings), { host: '127.0.0.1', port: 7700, startByte: 2, endByte: 3, charset: 'utf-8' })
  t.match(wireConnection({}, { ...settings, host: '0.0.0.0' }), { host: '127.0.0.1' })
  t.match(wireConnection({}, { ...settings, host: '::' }), { host: '::1' })
  const byUrl = wireConnection({ url: 'parley://a:1' }, settings)
  t.match(byUrl, { url: 'parley://a:1' })
  t.notOk('host' in byUrl)
})

t.test('a login needs a user', async (t) => {
  t.equal(wantsWire({}), false)
  t.equal(wantsWire({ user: 'bob', url: 'parley://a' }), true)
  t.throws(() => wantsWire({ url: 'parley://a' }), { message: /--user/ })
  t.throws(() => wantsWire({ passwordStdin: true }), { message: /--user/ })
})

t.test('the password comes from where it was said to', async (t) => {
  const { context } = testContext({ stdin: 'mine\n' })
  t.match(await wireAccess(context, { user: 'bob', passwordStdin: true }, settings), {
    credentials: { userId: 'bob', password: 'mine' },
  })
})
