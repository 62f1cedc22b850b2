/** `parley keys export`: prints the public key by which clients know the server. */
import { type Command, Option } from 'commander'
import { importPublicKey } from '../../security/jwk.ts'
import { type CliContext, print } from '../context.ts'
import { examplesText } from '../help.ts'
import { readServerKeys } from '../server-keys.ts'
import { addSettingsOptions, requireSettings, type SettingsOptions } from '../settings-options.ts'

interface KeysExportOptions extends SettingsOptions {
  readonly format: 'jwk' | 'pem'
}

/** Describes the command and binds it to its world. */
export function addKeysExport(parent: Command, context: CliContext): void {
  const command = parent
    .command('export')
    .summary("print the server's public key")
    .description("Prints the public key of the server's identity. Nothing of it is secret.")
    .addOption(new Option('--format <form>', 'how').choices(['jwk', 'pem']).default('jwk'))
  addSettingsOptions(command, ['dataDir'])
    .addHelpText('after', examplesText([['parley keys export --format pem > server.pem', 'for tools that want PEM']]))
    .action((options: KeysExportOptions) => keysExport(context, options))
}

async function keysExport(context: CliContext, options: KeysExportOptions): Promise<void> {
  const { settings } = requireSettings(context, options)
  const { identityKey } = await readServerKeys(settings.dataDir)
  if (options.format === 'jwk') print(context, JSON.stringify(identityKey))
  else print(context, importPublicKey(identityKey).export({ type: 'spki', format: 'pem' }).toString().trimEnd())
}
