/** Reads what is piped into a command, or a file, as text with a bound. */
import type { Readable } from 'node:stream'
import { CliError, ExitCode } from './cli-error.ts'

/**
 * Reads a stream to its end.
 *
 * @param source how errors call it, such as `the standard input`
 * @throws CliError when it is longer than `bytesMax` or not UTF-8
 */
export async function readText(stream: Readable, options: { bytesMax: number; source: string }): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of stream) {
    const buffer = Buffer.from(chunk)
    bytes += buffer.length
    if (bytes > options.bytesMax) {
      throw new CliError(ExitCode.usage, `${options.source} is longer than ${options.bytesMax} bytes`)
    }
    chunks.push(buffer)
  }
  try {
    // Ignores a byte order mark, which editors on Windows put in front.
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))
  } catch (error) {
    throw new CliError(ExitCode.usage, `${options.source} is not UTF-8 text`, error)
  }
}
