/** The options of commands that can log in over the wire, as any client does, instead of using the control socket. */
import type { Command } from 'commander'
import type { Settings } from '../config/settings.ts'
import { userIdFault } from '../protocol/user-id.ts'
import type { WireOptions } from './chat/wire-commands.ts'
import { CliError, ExitCode } from './cli-error.ts'
import type { CliContext } from './context.ts'
import { addPasswordOption, ownPassword, type PasswordOptions } from './password-source.ts'
import { addSealingOptions, type SealingOptions, sealingOf } from './sealing-access.ts'
import { addSettingsOptions, type SettingsOptions } from './settings-options.ts'
import { userArgument } from './user-argument.ts'

/** The options, as commander gives them. */
export interface WireAccessOptions extends SettingsOptions, PasswordOptions, SealingOptions {
  readonly user?: string
  readonly url?: string
}

/** Adds `--user`, `--url`, `--password-stdin`, those of sealing and the options of settings that say where the server is. */
export function addWireOptions(command: Command): Command {
  command
    .option('--user <name>', 'log in over the wire as this user, instead of using the control socket', userArgument)
    .option('--url <url>', 'where to log in: parley://host:7700, ws://host:7701/ws or wss://…')
  addPasswordOption(command)
  addSealingOptions(command)
  return addSettingsOptions(command, ['host', 'port', 'dataDir'])
}

/** Whether the command shall log in over the wire. */
export function wantsWire(options: WireAccessOptions): boolean {
  const { user, url, passwordStdin, seal, pin } = options
  if (user === undefined && (url !== undefined || passwordStdin || seal || pin !== undefined)) {
    throw new CliError(
      ExitCode.usage,
      '--url, --password-stdin, --seal and --pin belong to a login: say as whom, with --user NAME',
    )
  }
  return options.user !== undefined
}

/** Where to log in and as whom; gets the password. */
export async function wireAccess(
  context: CliContext,
  options: WireAccessOptions,
  settings: Settings,
): Promise<WireOptions> {
  const userId = options.user ?? ''
  const fault = userIdFault(userId)
  if (fault !== undefined) throw new CliError(ExitCode.usage, `--user: ${fault}`)
  const connection = wireConnection(options, settings)
  const sealing = await sealingOf(context, options, { connection, userId })
  const password = await ownPassword(context, options, userId)
  return { connection: { ...connection, ...sealing }, credentials: { userId, password } }
}

/** Where the server is: the URL, or what the settings say. */
export function wireConnection(options: { readonly url?: string }, settings: Settings): WireOptions['connection'] {
  const { startByte, endByte, charset } = settings
  const clientName = 'parley-cli/1'
  if (options.url !== undefined) return { url: options.url, startByte, endByte, charset, clientName }
  return { host: reachable(settings.host), port: settings.port, startByte, endByte, charset, clientName }
}

/** An address that means "all addresses" can be listened on, and not everywhere connected to. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  return host === '::' ? '::1' : host
}
