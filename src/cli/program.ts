/** The command line as a whole: its commands, its help, and how errors end it. */
import { Command, CommanderError } from 'commander'
import { ExitCode, explain } from './cli-error.ts'
import type { CliContext } from './context.ts'
import { examplesText } from './help.ts'

/** Describes a command below another one and binds it to its world. */
type AddCommand = (parent: Command, context: CliContext) => void

/** By name, in the order of the help. Loaded when they are needed: a server starts sooner without all the others. */
const commands: ReadonlyMap<string, () => Promise<AddCommand>> = new Map([
  ['serve', async () => (await import('./commands/serve.ts')).addServe],
  ['chat', async () => (await import('./commands/chat.ts')).addChat],
  ['user', async () => (await import('./commands/user.ts')).addUser],
  ['keys', async () => (await import('./commands/keys.ts')).addKeys],
  ['send', async () => (await import('./commands/send.ts')).addSend],
  ['history', async () => (await import('./commands/history.ts')).addHistory],
  ['explain', async () => (await import('./commands/explain.ts')).addExplain],
  ['broadcast', async () => (await import('./commands/broadcast.ts')).addBroadcast],
  ['who', async () => (await import('./commands/who.ts')).addWho],
  ['kick', async () => (await import('./commands/kick.ts')).addKick],
  ['status', async () => (await import('./commands/status.ts')).addStatus],
  ['health', async () => (await import('./commands/health.ts')).addHealth],
  ['backup', async () => (await import('./commands/backup.ts')).addBackup],
  ['restore', async () => (await import('./commands/restore.ts')).addRestore],
  ['verify', async () => (await import('./commands/verify.ts')).addVerify],
  ['config', async () => (await import('./commands/config.ts')).addConfig],
  ['doctor', async () => (await import('./commands/doctor.ts')).addDoctor],
  ['bench', async () => (await import('./commands/bench.ts')).addBench],
  ['tune', async () => (await import('./commands/tune.ts')).addTune],
])

/**
 * Runs the command that the arguments name, and shows what went wrong.
 *
 * @param args without the program's name
 * @returns the exit code
 */
export async function runCli(args: readonly string[], context: CliContext): Promise<number> {
  let exitCode: number = ExitCode.ok
  const withExitCode: CliContext = {
    ...context,
    setExitCode: (code) => {
      exitCode = code
    },
  }
  try {
    const program = await createProgram(withExitCode, args[0])
    await program.parseAsync(args, { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) return exitCodeOfUsage(error)
    const explained = explain(error)
    context.stderr.write(`parley: ${explained.message}\n`)
    return explained.exitCode
  }
}

/** Builds the command of a name, or all commands where there is none of that name: then help is needed, or a suggestion. */
export async function createProgram(context: CliContext, name?: string): Promise<Command> {
  const program = new Command('parley')
    .description('A message server for people, devices and services.')
    .version(context.version, '--version', 'show the version')
    .helpOption('-h, --help', 'show this help, or that of a command')
    .helpCommand('help [command]', 'show the help of a command')
    .configureHelp({ showGlobalOptions: false })
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'parley: ')),
    })
    .showHelpAfterError('Add --help to see what it takes.')
    .showSuggestionAfterError(true)
    .exitOverride()
    .addHelpText(
      'after',
      examplesText([
        ['parley serve', 'run a server'],
        ['parley user add alice', 'make an account'],
        ['parley chat --user alice', 'talk'],
        ['parley doctor', 'look for what could keep a server from working'],
      ]),
    )
  // Made by `program.command`, each command takes over what is configured above.
  const one = name === undefined ? undefined : commands.get(name)
  const needed = one === undefined ? [...commands.values()] : [one]
  for (const add of await Promise.all(needed.map((load) => load()))) add(program, context)
  return program
}

/** Commander has shown what is wrong already, or the help that was asked for. */
function exitCodeOfUsage(error: CommanderError): number {
  return error.exitCode === 0 ? ExitCode.ok : ExitCode.usage
}
