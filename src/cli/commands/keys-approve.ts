/** `parley keys approve`: enrols a key of a user that waits for approval. */
import type { Command } from 'commander'
import { type CliContext, print } from '../context.ts'
import { fingerprintArgument } from '../fingerprint-argument.ts'
import { examplesText } from '../help.ts'
import { withServer } from '../server-access.ts'
import { addSettingsOptions, requireSettings, type SettingsOptions } from '../settings-options.ts'
import { userArgument } from '../user-argument.ts'

/** Describes the command and binds it to its world. */
export function addKeysApprove(parent: Command, context: CliContext): void {
  const command = parent
    .command('approve')
    .summary('enrol a key of a user that waits for approval')
    .description(
      'Enrols a key of a user that waits for approval. Compare the fingerprint with the one that the device shows, not with what somebody sends you.',
    )
    .argument('<user>', 'the user', userArgument)
    .argument('<key>', 'the fingerprint of the key', fingerprintArgument)
  addSettingsOptions(command, ['dataDir'])
    .addHelpText(
      'after',
      examplesText([
        ['parley keys pending alice', 'first: which keys wait'],
        ['parley keys approve alice 0123…', 'then the one whose fingerprint the device shows'],
      ]),
    )
    .action((user: string, key: string, options: SettingsOptions) => keysApprove(context, user, key, options))
}

async function keysApprove(
  context: CliContext,
  userId: string,
  thumbprint: string,
  options: SettingsOptions,
): Promise<void> {
  const { settings } = requireSettings(context, options)
  await withServer(settings.dataDir, (control) => control.call('approveKey', { userId, thumbprint }))
  print(context, `Enrolled ${thumbprint} for ${userId}.`)
}
