/** Hands the password of the first operator to whoever starts the server: on a terminal, else in a private file; never to a log. */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type CliContext, type CliOutput, note } from './context.ts'

/** The name of the file within the data directory. */
export const operatorPasswordFileName = 'operator-password.txt'

/** The account that was made. */
export interface OperatorCredentials {
  readonly userId: string
  readonly password: string
}

/**
 * Shows the password once where a person sits, or writes it to a file of mode 0600 and shows the path: the output
 * of a service is a log, which many can read.
 */
export function handOverPassword(context: CliContext, dataDir: string, credentials: OperatorCredentials): void {
  const { userId, password } = credentials
  const terminal = terminalOf(context)
  if (terminal !== undefined) {
    terminal.write(
      [
        '',
        'This is the first start, so an account was made that may do everything:',
        '',
        `    user      ${userId}`,
        `    password  ${password}`,
        '',
        `It is shown only now. Another one can be set with: parley user passwd ${userId}`,
        '',
        '',
      ].join('\n'),
    )
    return
  }
  const path = join(dataDir, operatorPasswordFileName)
  // A file that is there already may be open to others, and keeps its mode when it is written again.
  rmSync(path, { force: true })
  writeFileSync(path, `${password}\n`, { mode: 0o600, flag: 'wx' })
  note(
    context,
    `parley: this is the first start, so the account "${userId}" was made. Its password is in ${path}: keep it elsewhere and remove the file.`,
  )
}

function terminalOf(context: CliContext): CliOutput | undefined {
  return [context.stderr, context.stdout].find((output) => output.isTTY === true)
}
