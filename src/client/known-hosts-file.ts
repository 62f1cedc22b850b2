/**
 * Known servers in a file, a line each: `host:port thumbprint date`. Lines that are something else, such as
 * comments, stay as they are. For Node.
 */
import type { KnownHosts } from './known-hosts.ts'
import { changeLockedFile, readLockedFile } from './locked-file.ts'

/** See the head of the file. */
export class KnownHostsFile implements KnownHosts {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  async find(server: string): Promise<string | undefined> {
    // The last line stands, as if each were a change of those before.
    return linesOf(await readLockedFile(this.#path)).findLast((line) => line.server === server)?.thumbprint
  }

  async save(server: string, thumbprint: string): Promise<void> {
    const day = new Date().toISOString().slice(0, 10)
    await changeLockedFile(this.#path, (text) => {
      const kept = linesOf(text).filter((line) => line.server !== server && line.text !== '')
      return `${[...kept.map((line) => line.text), `${server} ${thumbprint} ${day}`].join('\n')}\n`
    })
  }
}

interface Line {
  readonly text: string
  readonly server: string | undefined
  readonly thumbprint: string | undefined
}

/** A SHA-256 in base64url. */
const lineShape = /^(\S+:\d{1,5}) ([A-Za-z0-9_-]{43})(?: \S+)?\s*$/

function linesOf(text: string): Line[] {
  return text.split(/\r?\n/).map((line) => {
    const [, server, thumbprint] = lineShape.exec(line) ?? []
    return { text: line, server: server?.toLowerCase(), thumbprint }
  })
}
