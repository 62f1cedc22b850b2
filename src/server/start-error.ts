/** Why a server could not start, with a sentence that says what to do. */

/** What kind of failure; the command line turns it into an exit code. */
export type ServerStartErrorCode =
  | 'port_taken'
  | 'address_not_available'
  | 'port_forbidden'
  | 'store_failed'
  | 'data_dir_in_use'
  | 'failed'

/** See the head of the file. */
export class ServerStartError extends Error {
  readonly code: ServerStartErrorCode

  constructor(code: ServerStartErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ServerStartError'
    this.code = code
  }

  /** The error for a listener that can't listen. */
  static listenFailed(failed: { listener: string; host: string; port: number; code: string }): ServerStartError {
    const { listener, host, port } = failed
    const setting = listener === 'ws' ? 'PARLEY_WS_PORT' : 'PARLEY_PORT'
    switch (failed.code) {
      case 'EADDRINUSE':
        return new ServerStartError(
          'port_taken',
          `Port ${port} on ${host} is taken by another program, perhaps another Parley. Stop that one, or set ${setting} to a free port.`,
        )
      case 'EACCES':
        return new ServerStartError(
          'port_forbidden',
          `This user may not listen on port ${port}. Set ${setting} to a port above 1023.`,
        )
      case 'EADDRNOTAVAIL':
      case 'ENOTFOUND':
        return new ServerStartError(
          'address_not_available',
          `This machine has no address ${host}. Set PARLEY_HOST to one that it has, or to 127.0.0.1.`,
        )
      default:
        return new ServerStartError('failed', `Can't listen on ${host}:${port} (${failed.code}).`)
    }
  }
}
