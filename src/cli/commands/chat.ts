/** `parley chat`: a person's terminal. */
import type { Command } from 'commander'
import { runChat } from '../chat/chat.ts'
import { type CliContext, note } from '../context.ts'
import { addDeviceOption, type DeviceOptions, deviceOf } from '../device-access.ts'
import { examplesText } from '../help.ts'
import { addPasswordOption, ownPassword, type PasswordOptions } from '../password-source.ts'
import { addSealingOptions, deviceName, type SealingOptions, sealingOf } from '../sealing-access.ts'
import { addSettingsOptions, requireSettings, type SettingsOptions } from '../settings-options.ts'
import { userArgument } from '../user-argument.ts'
import { wireConnection } from '../wire-access.ts'

interface ChatCommandOptions extends SettingsOptions, PasswordOptions, SealingOptions, DeviceOptions {
  readonly user: string
  readonly url?: string
  readonly with?: string
  readonly register?: boolean
  readonly json?: boolean
  readonly e2e?: boolean
}

/** Describes the command and binds it to its world. */
export function addChat(parent: Command, context: CliContext): void {
  const command = parent
    .command('chat')
    .summary('talk, at a terminal or from a script')
    .description(
      'Logs in and lets a person talk: see who is online, write to one or to all, watch who comes and goes. Type /help once it runs. With --json it takes and gives JSON lines, for scripts.',
    )
    .requiredOption('--user <name>', 'who you are', userArgument)
    .option('--url <url>', 'where the server is: parley://host:7700, ws://host:7701/ws or wss://…')
    .option('--with <name>', 'whom to talk to from the start', userArgument)
    .option('--register', 'make the account if there is none, where the server allows it')
    .option('--json', 'JSON lines in and out')
    .option('--e2e', 'everything to users goes end to end: neither the server nor anybody else can read it')
  addPasswordOption(command)
  addSealingOptions(command)
  addDeviceOption(command)
  addSettingsOptions(command, ['host', 'port'])
    .addHelpText(
      'after',
      examplesText([
        ['parley chat --user alice', 'talk as alice on this machine; asks for the password'],
        ['parley chat --user alice --with bob --url parley://chat.example:7700', 'talk to bob on another one'],
        ['parley chat --user alice --with bob --e2e', 'talk so that the server can’t read it; see /safety'],
        ['PARLEY_PASSWORD_FILE=bot.txt parley chat --user bot --json', 'let a script talk'],
      ]),
    )
    .action((options: ChatCommandOptions) => chat(context, options))
}

async function chat(context: CliContext, options: ChatCommandOptions): Promise<void> {
  const { settings } = requireSettings(context, options)
  const { stdin, stdout, stderr, env } = context
  const connection = wireConnection(options, settings)
  const endToEnd = options.e2e === true
  const sealing = await sealingOf(context, options, { connection, userId: options.user, must: endToEnd })
  const device = await deviceOf(context, options, { connection, userId: options.user })
  const password = await ownPassword(context, options, options.user)
  const leave = new AbortController()
  const stop = context.onStop(() => leave.abort())
  const interactive = stdin.isTTY === true && stdout.isTTY === true
  if (options.passwordStdin && options.json)
    note(context, 'parley: the standard input held the password, so this only listens.')
  const exitCode = await runChat({
    connection: { ...connection, ...sealing, ...device, receipts: true },
    credentials: { userId: options.user, password },
    register: options.register === true,
    input: stdin,
    output: stdout,
    errorOutput: stderr,
    json: options.json === true,
    endToEnd,
    deviceName: deviceName(),
    interactive,
    // https://no-color.org
    colour: interactive && !env['NO_COLOR'],
    partner: options.with,
    signal: leave.signal,
  })
  stop()
  context.setExitCode(exitCode)
}
