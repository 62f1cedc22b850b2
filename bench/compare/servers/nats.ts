/** nats-server: one account with a user and a password per client. No cluster, no JetStream, no monitoring. */
import { type ComparedKind, foreignKind } from './compared.ts'

/** The kind. */
export const natsKind: ComparedKind = foreignKind({
  name: 'nats',
  wire: 'nats',
  program: 'nats-server',
  packageName: 'nats-server',
  files: ({ port, accounts }) => ({
    'nats.conf': [
      'host: "127.0.0.1"',
      `port: ${port}`,
      'authorization {',
      '  users: [',
      ...accounts.map(({ userId, password }) => `    { user: "${userId}", password: "${password}" }`),
      '  ]',
      '}',
      '',
    ].join('\n'),
  }),
  args: ({ folder }) => ['-c', `${folder}/nats.conf`],
})
