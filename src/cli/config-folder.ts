/** Where the command line keeps what belongs to a person on this machine: keys of devices, and what is known of servers. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { CliContext } from './context.ts'

/** The folder, by the customs of the system (XDG Base Directory; `%APPDATA%`); it need not exist. Undefined without a home. */
export function configFolder({ env }: Pick<CliContext, 'env'>): string | undefined {
  const base = env['XDG_CONFIG_HOME'] || env['APPDATA'] || (env['HOME'] ? join(env['HOME'], '.config') : '')
  return base === '' ? undefined : join(base, 'parley')
}

/** The name of a file that belongs to a user: readable where the user's name is no harm in a path. */
export function userFileName(userId: string): string {
  return /^[A-Za-z0-9][\w.-]{0,63}$/.test(userId) ? userId : createHash('sha256').update(userId).digest('hex')
}
