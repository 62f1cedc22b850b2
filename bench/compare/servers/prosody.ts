/** prosody: accounts in files, no modules but those for logging in, so that a message is only routed. */
import { xmppHost } from '../../generator/wires/xmpp.ts'
import type { CompareSecurity } from '../options.ts'
import { type ComparedKind, foreignKind, type Recipe, tlsFiles } from './compared.ts'

/** The kind. */
export const prosodyKind = (security: CompareSecurity): ComparedKind => foreignKind(recipe, security)

const recipe: Recipe = {
  name: 'prosody',
  wire: 'xmpp',
  program: 'prosody',
  packageName: 'prosody',
  files: ({ folder, port, accounts, isSecured }) => ({
    'prosody.cfg.lua': [
      'run_as_root = true',
      `pidfile = "${folder}/prosody.pid"`,
      `data_path = "${folder}/data"`,
      'modules_enabled = { "saslauth" }',
      'modules_disabled = { "offline", "s2s", "presence", "iq" }',
      ...(isSecured ? [] : ['c2s_require_encryption = false', 'allow_unencrypted_plain_auth = true']),
      'authentication = "internal_plain"',
      'interfaces = { "127.0.0.1" }',
      ...(isSecured ? tlsLines(folder, port) : [`c2s_ports = { ${port} }`]),
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
}

function tlsLines(folder: string, port: number): string[] {
  return [
    'c2s_ports = {}',
    `c2s_direct_tls_ports = { ${port} }`,
    `ssl = { certificate = "${folder}/${tlsFiles.certificate}", key = "${folder}/${tlsFiles.key}" }`,
  ]
}
