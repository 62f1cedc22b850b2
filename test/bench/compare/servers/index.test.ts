import t from 'tap'
import { serverNames } from '../../../../bench/compare/options.ts'
import { comparedKinds } from '../../../../bench/compare/servers/index.ts'

const kinds = comparedKinds('plain')

t.test('every server says how it is configured, whether it is installed or not', async (t) => {
  for (const name of serverNames) {
    const kind = kinds[name]
    t.equal(kind.name, name)
    const { version, command, configuration } = await kind.describe()
    t.ok(version.length > 0 && command.length > 0 && configuration.length > 0, name)
  }
})

t.test('nobody gets in without an account', async (t) => {
  const configuration = async (name: (typeof serverNames)[number]): Promise<string> =>
    (await kinds[name].describe()).configuration
  t.match(await configuration('nats'), 'user: "bench-00000"')
  t.match(await configuration('mosquitto'), 'allow_anonymous false')
  t.match(await configuration('redis'), 'user default off')
  t.match(await configuration('ejabberd'), 'auth_method: internal')
  t.match(await configuration('prosody'), 'authentication = "internal_plain"')
})

t.test('a server that is missing says what to install', async (t) => {
  const path = process.env['PATH']
  process.env['PATH'] = '/nowhere'
  t.teardown(() => {
    process.env['PATH'] = path
  })
  const sentence = kinds.nats.missing()
  if (sentence !== undefined) t.match(sentence, 'nats is skipped: install it with "apt-get install nats-server"')
  t.equal(kinds['socket.io'].missing(), undefined)
})

t.test('with security everybody else has a certificate, and nothing else changes', async (t) => {
  const secured = comparedKinds('sealed')
  for (const name of ['nats', 'mosquitto', 'redis', 'ejabberd', 'prosody'] as const) {
    const { configuration } = await secured[name].describe()
    t.match(configuration, /certificate\.pem|both\.pem/, name)
    t.notMatch((await kinds[name].describe()).configuration, /\.pem/, name)
  }
  t.match((await secured['socket.io'].describe()).command, /both\.pem$/)
  t.match((await secured.parley.describe()).configuration, /seal/)
})
