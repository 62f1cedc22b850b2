/** Whether a command is a device of its user: with an id of this machine, and a file that says up to where it has got its messages. */
import { join } from 'node:path'
import type { Command } from 'commander'
import { readAddress } from '../client/address.ts'
import type { ConnectOptions } from '../client/index.ts'
import { serverName } from '../client/known-hosts.ts'
import { configFolder, userFileName } from './config-folder.ts'
import type { CliContext } from './context.ts'
import { openDevice } from './device-file.ts'

/** The option, as commander gives it. */
export interface DeviceOptions {
  readonly device?: string
}

/** Adds the option to a command. */
export function addDeviceOption(command: Command): Command {
  return command.option(
    '--device <file>',
    'where the id of this device is kept, and what it has got; made when there is none',
  )
}

/**
 * The part of the connection that makes it a device; nothing without a home folder, unless the option names a file.
 *
 * @throws CliError when the file can't be used
 */
export async function deviceOf(
  context: CliContext,
  options: DeviceOptions,
  target: { readonly connection: ConnectOptions; readonly userId: string },
): Promise<Pick<ConnectOptions, 'deviceId' | 'cursorStore'>> {
  const { connection, userId } = target
  const folder = configFolder(context)
  const path = options.device ?? (folder === undefined ? undefined : join(folder, 'devices', userFileName(userId)))
  if (path === undefined) return {}
  const { deviceId, store } = await openDevice(path)
  return { deviceId, cursorStore: store(serverName(readAddress(connection))) }
}
