/** The argument that is a text to send. */
import { limits } from '../config/limits.ts'
import { CliError, ExitCode } from './cli-error.ts'
import type { CliContext } from './context.ts'
import { readText } from './stdin-text.ts'

/**
 * The words as one text; a single `-` is the standard input, without its last newline.
 *
 * @throws CliError when there is nothing to send, or the standard input is to be the password as well
 */
export async function messageText(
  context: CliContext,
  words: readonly string[],
  options: { readonly passwordStdin?: boolean },
): Promise<string> {
  const text = words.length === 1 && words[0] === '-' ? await piped(context, options) : words.join(' ')
  if (text === '') throw new CliError(ExitCode.usage, 'The text is empty; nothing was sent.')
  return text
}

async function piped(context: CliContext, options: { readonly passwordStdin?: boolean }): Promise<string> {
  if (options.passwordStdin) {
    throw new CliError(
      ExitCode.usage,
      'The standard input can be the text or the password, not both: put the password into a file and name it in PARLEY_PASSWORD_FILE',
    )
  }
  const text = await readText(context.stdin, { bytesMax: limits.frameBytesCeiling.value, source: 'the text' })
  return text.replace(/\r?\n$/, '')
}
