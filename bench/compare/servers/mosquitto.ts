/** mosquitto: a password file, no persistence, no delay of small writes, no limit on queued messages. */
import { userInfo } from 'node:os'
import type { WireName } from '../../generator/wires/wire.ts'
import type { CompareSecurity } from '../options.ts'
import { type ComparedKind, foreignKind, type Place, type Recipe, runProgram, tlsFiles } from './compared.ts'

/** The kind. */
export const mosquittoKind = (security: CompareSecurity): ComparedKind =>
  foreignKind(mosquittoRecipe({ name: 'mosquitto', wire: 'mqtt', settings: () => ['persistence false'] }), security)

/** How it is started with some more settings. */
export function mosquittoRecipe(options: {
  readonly name: string
  readonly wire: WireName
  readonly settings: (place: Place) => readonly string[]
}): Recipe {
  return {
    name: options.name,
    wire: options.wire,
    program: 'mosquitto',
    packageName: 'mosquitto',
    files: (place) => ({
      'mosquitto.conf': [
        // Started by root it would become another user, who can't read its files.
        `user ${userInfo().username}`,
        `listener ${place.port} 127.0.0.1`,
        ...(place.isSecured ? tlsLines(place) : []),
        'allow_anonymous false',
        `password_file ${place.folder}/passwords`,
        ...options.settings(place),
        'set_tcp_nodelay true',
        'max_queued_messages 0',
        'sys_interval 0',
        'connection_messages false',
        '',
      ].join('\n'),
      passwords: place.accounts.map(({ userId, password }) => `${userId}:${password}\n`).join(''),
    }),
    args: ({ folder }) => ['-c', `${folder}/mosquitto.conf`],
    // Turns the passwords into hashes.
    prepare: async ({ folder }) => {
      await runProgram('mosquitto_passwd', ['-U', 'passwords'], { folder })
    },
  }
}

function tlsLines({ folder }: Place): string[] {
  return [`certfile ${folder}/${tlsFiles.certificate}`, `keyfile ${folder}/${tlsFiles.key}`]
}
