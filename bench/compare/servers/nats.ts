/** nats-server: one account with a user and a password per client. No cluster, no JetStream, no monitoring. */
import type { CompareSecurity } from '../options.ts'
import { type ComparedKind, foreignKind, type Recipe, tlsFiles } from './compared.ts'

/** The kind. */
export const natsKind = (security: CompareSecurity): ComparedKind => foreignKind(recipe, security)

const recipe: Recipe = {
  name: 'nats',
  wire: 'nats',
  program: 'nats-server',
  packageName: 'nats-server',
  files: ({ folder, port, accounts, isSecured }) => ({
    'nats.conf': [
      'host: "127.0.0.1"',
      `port: ${port}`,
      ...(isSecured ? tlsLines(folder) : []),
      'authorization {',
      '  users: [',
      ...accounts.map(({ userId, password }) => `    { user: "${userId}", password: "${password}" }`),
      '  ]',
      '}',
      '',
    ].join('\n'),
  }),
  args: ({ folder }) => ['-c', `${folder}/nats.conf`],
}

function tlsLines(folder: string): string[] {
  return [
    'tls {',
    `  cert_file: "${folder}/${tlsFiles.certificate}"`,
    `  key_file: "${folder}/${tlsFiles.key}"`,
    '  # its default is half a second, too short for many at once on a busy machine',
    '  timeout: 30',
    '}',
  ]
}
