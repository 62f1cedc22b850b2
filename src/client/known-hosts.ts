/** Which server has which key: what a client remembers from its first use of a server, as SSH does. */
import type { Address } from './transport.ts'

/** Where the thumbprints of servers' identity keys are kept. */
export interface KnownHosts {
  /** The thumbprint that is known for a server, by `host:port`. */
  find(server: string): Promise<string | undefined> | string | undefined
  /** Remembers a thumbprint in place of any before. */
  save(server: string, thumbprint: string): Promise<void> | void
}

/** Remembers for as long as the process runs. */
export class MemoryKnownHosts implements KnownHosts {
  readonly #byServer = new Map<string, string>()

  find(server: string): string | undefined {
    return this.#byServer.get(server)
  }

  save(server: string, thumbprint: string): void {
    this.#byServer.set(server, thumbprint)
  }
}

/** The name under which a server is known: `host:port`, or `[address]:port` where the address has colons. */
export function serverName(address: Address): string {
  if (address.kind === 'tcp') return named(address.host, String(address.port))
  const url = new URL(address.url)
  const port = url.port || (url.protocol === 'wss:' ? '443' : '80')
  return named(url.hostname.replace(/^\[(.*)\]$/, '$1'), port)
}

function named(host: string, port: string): string {
  const name = host.toLowerCase()
  return name.includes(':') ? `[${name}]:${port}` : `${name}:${port}`
}
