/** Asks a person at a terminal; for a secret without showing what is typed. */
import { StringDecoder } from 'node:string_decoder'
import { CliError, ExitCode } from './cli-error.ts'
import type { CliContext, CliInput } from './context.ts'

/** What an edited line becomes with more input. */
export type LineStep =
  | { readonly kind: 'typing'; readonly line: string }
  | { readonly kind: 'entered'; readonly line: string /** Typed or pasted after the line. */; readonly rest: string }
  | { readonly kind: 'cancelled' }

const CTRL_C = '\x03'
const CTRL_D = '\x04'
const CTRL_U = '\x15'
const BACKSPACE = '\b'
const DELETE = '\x7f'
// Arrow keys and their like come as sequences that must not end up in a password.
const escapeSequence = /^\x1b(\[[0-9;?]*[ -/]*[@-~]?|O.?|.)?/u

/** Applies keys to the line typed so far: a terminal in raw mode leaves editing to the program. */
export function typeInto(line: string, keys: string): LineStep {
  let typed = line
  let rest = keys
  while (rest !== '') {
    const escaped = escapeSequence.exec(rest)?.[0]
    if (escaped !== undefined) {
      rest = rest.slice(escaped.length)
      continue
    }
    const key = String.fromCodePoint(rest.codePointAt(0) ?? 0)
    rest = rest.slice(key.length)
    if (key === '\r' || key === '\n') {
      return { kind: 'entered', line: typed, rest: key === '\r' && rest.startsWith('\n') ? rest.slice(1) : rest }
    }
    if (key === CTRL_C || (key === CTRL_D && typed === '')) return { kind: 'cancelled' }
    if (key === BACKSPACE || key === DELETE) typed = [...typed].slice(0, -1).join('')
    else if (key === CTRL_U) typed = ''
    else if (key >= ' ') typed += key
  }
  return { kind: 'typing', line: typed }
}

/**
 * Asks a question and reads the answer, which shows as it is typed.
 *
 * @throws CliError when the terminal is closed
 */
export function askLine(context: CliContext, question: string): Promise<string> {
  context.stderr.write(question)
  return readLine(context.stdin)
}

/**
 * Asks a question and reads the answer without showing it.
 *
 * @throws CliError when there is no terminal to ask at, or the person cancels
 */
export async function askHidden(context: CliContext, question: string): Promise<string> {
  const { stdin, stderr } = context
  if (stdin.isTTY !== true || stdin.setRawMode === undefined) {
    throw new CliError(
      ExitCode.usage,
      'There is no terminal to ask for the password: pipe it in and add --password-stdin',
    )
  }
  // First of all, or what is typed at once would be shown.
  stdin.setRawMode(true)
  try {
    stderr.write(question)
    return await readLine(stdin)
  } finally {
    stdin.setRawMode(false)
    stderr.write('\n')
  }
}

function readLine(stdin: CliInput): Promise<string> {
  return new Promise((resolve, reject) => {
    const decoder = new StringDecoder('utf8')
    let line = ''
    const onData = (chunk: Buffer): void => {
      const step = typeInto(line, decoder.write(chunk))
      if (step.kind === 'typing') {
        line = step.line
        return
      }
      stop()
      if (step.kind === 'cancelled') {
        reject(new CliError(ExitCode.failed, 'Cancelled.'))
        return
      }
      // Two answers may have been pasted at once.
      if (step.rest !== '') stdin.unshift(Buffer.from(step.rest))
      resolve(step.line)
    }
    const onEnd = (): void => {
      stop()
      reject(new CliError(ExitCode.failed, 'Cancelled: the terminal was closed.'))
    }
    const stop = (): void => {
      stdin.off('data', onData)
      stdin.off('end', onEnd)
      stdin.pause()
    }
    stdin.on('data', onData)
    stdin.on('end', onEnd)
    stdin.resume()
  })
}
