/** The command line as a whole: its commands, its help, and how errors end it. */
import { Command, CommanderError } from 'commander'
import { ExitCode, explain } from './cli-error.ts'
import { addBackup } from './commands/backup.ts'
import { addBench } from './commands/bench.ts'
import { addBroadcast } from './commands/broadcast.ts'
import { addChat } from './commands/chat.ts'
import { addConfig } from './commands/config.ts'
import { addDoctor } from './commands/doctor.ts'
import { addExplain } from './commands/explain.ts'
import { addHealth } from './commands/health.ts'
import { addHistory } from './commands/history.ts'
import { addKeys } from './commands/keys.ts'
import { addKick } from './commands/kick.ts'
import { addRestore } from './commands/restore.ts'
import { addSend } from './commands/send.ts'
import { addServe } from './commands/serve.ts'
import { addStatus } from './commands/status.ts'
import { addTune } from './commands/tune.ts'
import { addUser } from './commands/user.ts'
import { addVerify } from './commands/verify.ts'
import { addWho } from './commands/who.ts'
import type { CliContext } from './context.ts'
import { examplesText } from './help.ts'

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
    await createProgram(withExitCode).parseAsync(args, { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) return exitCodeOfUsage(error)
    const explained = explain(error)
    context.stderr.write(`parley: ${explained.message}\n`)
    return explained.exitCode
  }
}

/** Builds all commands. */
export function createProgram(context: CliContext): Command {
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
  addServe(program, context)
  addChat(program, context)
  addUser(program, context)
  addKeys(program, context)
  addSend(program, context)
  addHistory(program, context)
  addExplain(program, context)
  addBroadcast(program, context)
  addWho(program, context)
  addKick(program, context)
  addStatus(program, context)
  addHealth(program, context)
  addBackup(program, context)
  addRestore(program, context)
  addVerify(program, context)
  addConfig(program, context)
  addDoctor(program, context)
  addBench(program, context)
  addTune(program, context)
  return program
}

/** Commander has shown what is wrong already, or the help that was asked for. */
function exitCodeOfUsage(error: CommanderError): number {
  return error.exitCode === 0 ? ExitCode.ok : ExitCode.usage
}
