/** prosody: accounts in files, no modules but those for logging in, so that a message is only routed. */
import { xmppHost } from '../../generator/wires/xmpp.ts'
import { type ComparedKind, foreignKind } from './compared.ts'

/** The kind. */
export const prosodyKind: ComparedKind = foreignKind({
  name: 'prosody',
  wire: 'xmpp',
  program: 'prosody',
  packageName: 'prosody',
  files: ({ folder, port, accounts }) => ({
    'prosody.cfg.lua': [
      'run_as_root = true',
      `pidfile = "${folder}/prosody.pid"`,
      `data_path = "${folder}/data"`,
      'modules_enabled = { "saslauth" }',
      'modules_disabled = { "offline", "s2s", "presence", "iq" }',
      'c2s_require_encryption = false',
      'allow_unencrypted_plain_auth = true',
      'authentication = "internal_plain"',
      'interfaces = { "127.0.0.1" }',
      `c2s_ports = { ${port} }`,
      's2s_ports = {}',
      'log = { warn = "*console" }',
      `VirtualHost "${xmppHost}"`,
      '',
    ].join('\n'),
    ...Object.fromEntries(
      accounts.map(({ userId, password }) => [
        `data/${xmppHost}/accounts/${userId.replaceAll('-', '%2d')}.dat`,
        `return { ["password"] = "${password}" }\n`,
      ]),
    ),
  }),
  args: ({ folder }) => ['-F', '--config', `${folder}/prosody.cfg.lua`],
})
