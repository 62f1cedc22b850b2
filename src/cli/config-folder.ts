/** Where the command line keeps what belongs to a person on this machine: keys of devices, and what is known of servers. */
import { join } from 'node:path'
import { CliError, ExitCode } from './cli-error.ts'
import type { CliContext } from './context.ts'

/**
 * The folder, by the customs of the system (XDG Base Directory; `%APPDATA%`); it need not exist.
 *
 * @throws CliError when the environment names no home
 */
export function configFolder({ env }: Pick<CliContext, 'env'>): string {
  const base = env['XDG_CONFIG_HOME'] || env['APPDATA'] || (env['HOME'] ? join(env['HOME'], '.config') : '')
  if (base === '') {
    throw new CliError(
      ExitCode.usage,
      'There is no home folder (HOME is not set): use --key FILE and --known-hosts FILE',
    )
  }
  return join(base, 'parley')
}
