/** redis-server: users in an ACL file, nothing written to disk. */
import { createHash } from 'node:crypto'
import { type ComparedKind, foreignKind } from './compared.ts'

/** The kind. */
export const redisKind: ComparedKind = foreignKind({
  name: 'redis',
  wire: 'resp',
  program: 'redis-server',
  packageName: 'redis-server',
  files: ({ folder, port, accounts }) => ({
    'redis.conf': [
      'bind 127.0.0.1',
      `port ${port}`,
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
})
