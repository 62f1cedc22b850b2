/** mosquitto: a password file, no persistence, no delay of small writes, no limit on queued messages. */
import { userInfo } from 'node:os'
import type { CompareSecurity } from '../options.ts'
import { type ComparedKind, foreignKind, type Recipe, runProgram, tlsFiles } from './compared.ts'

/** The kind. */
export const mosquittoKind = (security: CompareSecurity): ComparedKind => foreignKind(recipe, security)

const recipe: Recipe = {
  name: 'mosquitto',
  wire: 'mqtt',
  program: 'mosquitto',
  packageName: 'mosquitto',
  files: ({ folder, port, accounts, isSecured }) => ({
    'mosquitto.conf': [
      // Started by root it would become another user, who can't read its files.
      `user ${userInfo().username}`,
      `listener ${port} 127.0.0.1`,
      ...(isSecured ? [`certfile ${folder}/${tlsFiles.certificate}`, `keyfile ${folder}/${tlsFiles.key}`] : []),
      'allow_anonymous false',
      `password_file ${folder}/passwords`,
      'persistence false',
      'set_tcp_nodelay true',
      'max_queued_messages 0',
      'sys_interval 0',
      'connection_messages false',
      '',
    ].join('\n'),
    passwords: accounts.map(({ userId, password }) => `${userId}:${password}\n`).join(''),
  }),
  args: ({ folder }) => ['-c', `${folder}/mosquitto.conf`],
  // Turns the passwords into hashes.
  prepare: async ({ folder }) => {
    await runProgram('mosquitto_passwd', ['-U', 'passwords'], { folder })
  },
}
