/** redis-server: users in an ACL file, nothing written to disk. */
import { createHash } from 'node:crypto'
import type { CompareSecurity } from '../options.ts'
import { type ComparedKind, foreignKind, type Recipe, tlsFiles } from './compared.ts'

/** The kind. */
export const redisKind = (security: CompareSecurity): ComparedKind => foreignKind(recipe, security)

const recipe: Recipe = {
  name: 'redis',
  wire: 'resp',
  program: 'redis-server',
  packageName: 'redis-server',
  files: ({ folder, port, accounts, isSecured }) => ({
    'redis.conf': [
      'bind 127.0.0.1',
      ...(isSecured ? tlsLines(folder, port) : [`port ${port}`]),
      'tcp-backlog 511',
      'save ""',
      'appendonly no',
      'loglevel warning',
      `dir ${folder}`,
      `aclfile ${folder}/users.acl`,
      '',
    ].join('\n'),
    'users.acl': [
      'user default off',
      ...accounts.map(({ userId, password }) => {
        const hash = createHash('sha256').update(password).digest('hex')
        return `user ${userId} on #${hash} &* +@pubsub +@connection`
      }),
      '',
    ].join('\n'),
  }),
  args: ({ folder }) => [`${folder}/redis.conf`],
}

function tlsLines(folder: string, port: number): string[] {
  return [
    'port 0',
    `tls-port ${port}`,
    `tls-cert-file ${folder}/${tlsFiles.certificate}`,
    `tls-key-file ${folder}/${tlsFiles.key}`,
    'tls-auth-clients no',
  ]
}
