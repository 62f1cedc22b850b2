/** prosody: accounts in files, no modules but those that a work needs. */
import type { WireName } from '../../generator/wires/wire.ts'
import { xmppHost } from '../../generator/wires/xmpp.ts'
import type { CompareSecurity } from '../options.ts'
import { type ComparedKind, foreignKind, type Recipe, tlsFiles } from './compared.ts'

/** The kind that only routes: no modules but those for logging in. */
export const prosodyKind = (security: CompareSecurity): ComparedKind =>
  kind(
    {
      name: 'prosody',
      wire: 'xmpp',
      modules: ['modules_enabled = { "saslauth" }', 'modules_disabled = { "offline", "s2s", "presence", "iq" }'],
    },
    security,
  )

/** The kind that keeps messages for who is away, in a file per user, without syncing it. */
export const prosodyOfflineKind: ComparedKind = kind(
  {
    name: 'prosody-offline',
    wire: 'xmpp-offline',
    modules: ['modules_enabled = { "saslauth", "smacks" }', 'modules_disabled = { "s2s" }'],
  },
  'plain',
)

function kind(
  { name, wire, modules }: { readonly name: string; readonly wire: WireName; readonly modules: readonly string[] },
  security: CompareSecurity,
): ComparedKind {
  const recipe: Recipe = {
    name,
    wire,
    program: 'prosody',
    packageName: 'prosody',
    files: ({ folder, port, accounts, isSecured }) => ({
      'prosody.cfg.lua': [
        'run_as_root = true',
        `pidfile = "${folder}/prosody.pid"`,
        `data_path = "${folder}/data"`,
        ...modules,
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
  return foreignKind(recipe, security)
}

function tlsLines(folder: string, port: number): string[] {
  return [
    'c2s_ports = {}',
    `c2s_direct_tls_ports = { ${port} }`,
    `ssl = { certificate = "${folder}/${tlsFiles.certificate}", key = "${folder}/${tlsFiles.key}" }`,
  ]
}
