/** The way of a command to a server that must be running. */
import { CliError, ExitCode } from './cli-error.ts'
import { type ControlClient, connectControl } from './control-client.ts'

/**
 * Asks the running server of a data directory, and hangs up whatever happens.
 *
 * @throws CliError when none runs there
 */
export async function withServer<Result>(
  dataDir: string,
  use: (control: ControlClient) => Promise<Result>,
): Promise<Result> {
  const control = await connectControl(dataDir)
  if (control === undefined) {
    throw new CliError(
      ExitCode.unavailable,
      `No server runs on the data directory ${dataDir}.\nStart one with: parley serve\nOr name the directory of the one that runs: --data-dir FOLDER`,
    )
  }
  try {
    return await use(control)
  } finally {
    control.close()
  }
}
