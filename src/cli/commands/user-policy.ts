/** `parley user policy`: what a user's messages to users must be like. */
import { type Command, Option } from 'commander'
import type { EndToEndPolicy } from '../../mailbox/store-messages.ts'
import { withAccounts } from '../accounts-access.ts'
import { type CliContext, print } from '../context.ts'
import { examplesText } from '../help.ts'
import { addSettingsOptions, requireSettings, type SettingsOptions } from '../settings-options.ts'
import { userArgument } from '../user-argument.ts'

interface UserPolicyOptions extends SettingsOptions {
  readonly signedOnly?: 'on' | 'off'
  readonly endToEnd?: EndToEndPolicy
}

/** Describes the command and binds it to its world. */
export function addUserPolicy(parent: Command, context: CliContext): void {
  const command = parent
    .command('policy')
    .summary("say what a user's messages must be like")
    .description(
      'Sets, or without options shows, what the messages of a user to users must be like: signed, and encrypted end to end. Sessions go on, and keep to it at once.',
    )
    .argument('<name>', 'the user', userArgument)
    .addOption(new Option('--signed-only <switch>', 'whether they must be signed').choices(['on', 'off']))
    .addOption(
      new Option('--end-to-end <policy>', 'whether they may, must, or must not be encrypted end to end').choices([
        'allow',
        'require',
        'refuse',
      ]),
    )
  addSettingsOptions(command, ['dataDir'])
    .addHelpText(
      'after',
      examplesText([
        ['parley user policy alice', 'show what counts for alice'],
        ['parley user policy alice --signed-only on --end-to-end require', 'nobody but the receivers can read alice'],
      ]),
    )
    .action((name: string, options: UserPolicyOptions) => userPolicy(context, name, options))
}

async function userPolicy(context: CliContext, userId: string, options: UserPolicyOptions): Promise<void> {
  const { settings } = requireSettings(context, options)
  const { signedOnly, endToEnd } = options
  const policies = await withAccounts(settings.dataDir, (accounts) =>
    accounts.call('setPolicies', {
      userId,
      ...(signedOnly === undefined ? {} : { signedOnly: signedOnly === 'on' }),
      ...(endToEnd === undefined ? {} : { endToEnd }),
    }),
  )
  print(context, `Messages of ${userId} to users:`)
  print(context, `  signed only  ${policies.signedOnly ? 'on' : 'off'}`)
  print(context, `  end to end   ${policies.endToEnd}`)
}
