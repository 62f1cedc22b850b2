/** `parley kick`: ends a user's sessions. */
import { type Command, InvalidArgumentError } from 'commander'
import { banSecondsMax } from '../../protocol/entities/operator.ts'
import { wireKick } from '../chat/wire-commands.ts'
import { type CliContext, print } from '../context.ts'
import { examplesText } from '../help.ts'
import { withServer } from '../server-access.ts'
import { requireSettings } from '../settings-options.ts'
import { userArgument } from '../user-argument.ts'
import { addWireOptions, type WireAccessOptions, wantsWire, wireAccess } from '../wire-access.ts'

interface KickOptions extends WireAccessOptions {
  readonly reason?: string
  readonly ban?: number
}

/** Describes the command and binds it to its world. */
export function addKick(parent: Command, context: CliContext): void {
  const command = parent
    .command('kick')
    .summary("end a user's sessions")
    .description(
      "Ends a user's sessions, who is told why: through the control socket of a server on this machine, or as an operator with --user.",
    )
    .argument('<name>', 'the user', userArgument)
    .option('--reason <text>', 'what the user is told', reasonArgument)
    .option(
      '--ban <seconds>',
      'refuse logins of the user for so long; end it early with: parley user enable',
      banArgument,
    )
  addWireOptions(command)
    .addHelpText(
      'after',
      examplesText([
        ['parley kick mallory --reason "Read the rules."', 'end the sessions of mallory'],
        ['parley kick mallory --ban 3600', 'and keep mallory out for an hour'],
        ['parley kick mallory --user operator', 'as an operator; asks for the password'],
      ]),
    )
    .action((name: string, options: KickOptions) => kick(context, name, options))
}

async function kick(context: CliContext, userId: string, options: KickOptions): Promise<void> {
  const { settings } = requireSettings(context, options)
  const { reason, ban } = options
  const banned = ban === undefined || ban === 0 ? '' : ` Logins are refused for ${ban} seconds.`
  if (wantsWire(options)) {
    await wireKick({ ...(await wireAccess(context, options, settings)), target: userId, reason, banSeconds: ban })
    print(context, `Kicked ${userId}.${banned}`)
    return
  }
  const take = {
    userId,
    ...(reason === undefined ? {} : { reason }),
    ...(ban === undefined ? {} : { banSeconds: ban }),
  }
  const { sessions } = await withServer(settings.dataDir, (control) => control.call('kick', take))
  print(context, `Kicked ${userId} (${sessions} ${sessions === 1 ? 'session' : 'sessions'}).${banned}`)
}

function banArgument(text: string): number {
  const seconds = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (!(seconds <= banSecondsMax)) throw new InvalidArgumentError(`It must be seconds, from 0 to ${banSecondsMax}.`)
  return seconds
}

function reasonArgument(text: string): string {
  if (text.length > 256) throw new InvalidArgumentError('It has at most 256 characters.')
  return text
}
