/** `parley keys rotate`: gives the server a new identity that the old one vouches for. */
import type { Command } from 'commander'
import { fingerprintBlocks } from '../../security/fingerprint-blocks.ts'
import { type CliContext, note, print } from '../context.ts'
import { examplesText } from '../help.ts'
import { rotateServerKeys } from '../server-keys.ts'
import { addSettingsOptions, requireSettings, type SettingsOptions } from '../settings-options.ts'

/** Describes the command and binds it to its world. */
export function addKeysRotate(parent: Command, context: CliContext): void {
  const command = parent
    .command('rotate')
    .summary('renew the identity of the server')
    .description(
      'Makes a new identity key, signed by the one before, so that clients that know the old one accept it. Sessions go on. If the old key was stolen, this does not help: whoever has it can do the same.',
    )
  addSettingsOptions(command, ['dataDir'])
    .addHelpText('after', examplesText([['parley keys rotate', 'then tell new clients the new fingerprint']]))
    .action((options: SettingsOptions) => keysRotate(context, options))
}

async function keysRotate(context: CliContext, options: SettingsOptions): Promise<void> {
  const { settings } = requireSettings(context, options)
  const { identity } = await rotateServerKeys(settings.dataDir)
  print(context, `Fingerprint  ${identity}`)
  print(context, `In blocks    ${fingerprintBlocks(identity)}`)
  note(context, 'Clients that have the old fingerprint in a file or in their code need the new one.')
}
