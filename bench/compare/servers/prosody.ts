/** prosody: accounts in files, no modules but those that a work needs. */
import type { WireName } from '../../generator/wires/wire.ts'
import { xmppHost } from '../../generator/wires/xmpp.ts'
import { type ComparedKind, foreignKind } from './compared.ts'

/** The kind that only routes: no modules but those for logging in. */
export const prosodyKind: ComparedKind = kind('prosody', 'xmpp', [
  'modules_enabled = { "saslauth" }',
  'modules_disabled = { "offline", "s2s", "presence", "iq" }',
])

/** The kind that keeps messages for who is away, in a file per user, without syncing it. */
export const prosodyOfflineKind: ComparedKind = kind('prosody-offline', 'xmpp-offline', [
  'modules_enabled = { "saslauth", "smacks" }',
  'modules_disabled = { "s2s" }',
])

function kind(name: string, wire: WireName, modules: readonly string[]): ComparedKind {
  return foreignKind({
    name,
    wire,
    program: 'prosody',
    packageName: 'prosody',
    files: ({ folder, port, accounts }) => ({
      'prosody.cfg.lua': [
        'run_as_root = true',
        `pidfile = "${folder}/prosody.pid"`,
        `data_path = "${folder}/data"`,
        ...modules,
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
}
