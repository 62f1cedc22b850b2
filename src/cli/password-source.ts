/** Where a command gets a password from: the person at the terminal, the standard input, or a file; never an argument. */
import type { Command } from 'commander'
import { readSecretFile } from '../config/load-settings.ts'
import { passwordLengthMax, passwordLengthMin } from '../protocol/entities/password.ts'
import { CliError, ExitCode } from './cli-error.ts'
import type { CliContext } from './context.ts'
import { askHidden } from './prompt.ts'
import { readText } from './stdin-text.ts'

/** The option, as commander gives it. */
export interface PasswordOptions {
  readonly passwordStdin?: boolean
}

/** The variable that names a file with the password of one's own account. */
const passwordFileVariable = 'PARLEY_PASSWORD_FILE'
/** Of four bytes a character at most, and the newline. */
const passwordBytesMax = 4 * passwordLengthMax + 2

/** Adds `--password-stdin` to a command. */
export function addPasswordOption(command: Command): Command {
  return command.option('--password-stdin', 'read the password from the standard input instead of asking for it')
}

/**
 * A new password: from the standard input, or asked for twice.
 *
 * @throws CliError when it breaks the rules or the two answers differ
 */
export async function newPassword(context: CliContext, options: PasswordOptions, userId: string): Promise<string> {
  if (options.passwordStdin) return checked(await passwordFromStdin(context))
  const password = checked(await askHidden(context, `New password for ${userId}: `))
  if ((await askHidden(context, 'The same again: ')) !== password) {
    throw new CliError(ExitCode.failed, 'The two passwords differ; nothing was changed.')
  }
  return password
}

/**
 * The password of an account that exists: from the standard input, from the file that `PARLEY_PASSWORD_FILE` names,
 * or asked for once.
 */
export async function ownPassword(context: CliContext, options: PasswordOptions, userId: string): Promise<string> {
  if (options.passwordStdin) return passwordFromStdin(context)
  const path = context.env[passwordFileVariable]
  if (path !== undefined && path !== '') return passwordFromFile(path)
  return askHidden(context, `Password of ${userId}: `)
}

/** What is wrong with a new password, or nothing. */
export function passwordFault(password: string): string | undefined {
  if (password.length < passwordLengthMin) return `a password has at least ${passwordLengthMin} characters`
  if (password.length > passwordLengthMax) return `a password has at most ${passwordLengthMax} characters`
  return undefined
}

function checked(password: string): string {
  const fault = passwordFault(password)
  if (fault !== undefined) throw new CliError(ExitCode.usage, `That can't be used: ${fault}.`)
  return password
}

async function passwordFromStdin(context: CliContext): Promise<string> {
  const source = 'the password on the standard input'
  return oneLine(await readText(context.stdin, { bytesMax: passwordBytesMax, source }), source)
}

function passwordFromFile(path: string): string {
  let text: string
  try {
    text = readSecretFile(path)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new CliError(ExitCode.usage, `${passwordFileVariable}: ${path} can't be read (${reason})`, error)
  }
  return oneLine(text, path)
}

/** Nobody can type a line break, so a password with one is a mistake in what was piped. */
function oneLine(text: string, source: string): string {
  const password = text.replace(/\r?\n$/, '')
  if (/[\r\n]/.test(password)) throw new CliError(ExitCode.usage, `${source} has more than one line`)
  if (password === '') throw new CliError(ExitCode.usage, `${source} is empty`)
  return password
}
