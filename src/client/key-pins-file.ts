/** What is known of users' keys in a file, a line of JSON for each user of each server. For Node. */
import type { KeyPin, KeyPins } from './key-pins.ts'
import { changeLockedFile, readLockedFile } from './locked-file.ts'
import { isRecord } from './message.ts'

/** See the head of the file. */
export class KeyPinsFile implements KeyPins {
  readonly #path: string
  readonly #server: string

  /** @param server `host:port`: the same name is somebody else on another server */
  constructor(path: string, server: string) {
    this.#path = path
    this.#server = server
  }

  async find(userId: string): Promise<KeyPin | undefined> {
    return linesOf(await readLockedFile(this.#path)).findLast((line) => this.#isOf(line, userId))?.pin
  }

  async save(userId: string, pin: KeyPin | undefined): Promise<void> {
    await changeLockedFile(this.#path, (text) => {
      const kept = linesOf(text).filter((line) => line.text !== '' && !this.#isOf(line, userId))
      const lines = kept.map((line) => line.text)
      if (pin !== undefined) lines.push(this.#write(userId, pin))
      return lines.length === 0 ? '' : `${lines.join('\n')}\n`
    })
  }

  #isOf({ server, user }: Line, userId: string): boolean {
    return server === this.#server && user === userId
  }

  #write(userId: string, { length, head, verified }: KeyPin): string {
    const more = verified === undefined ? {} : { Verified: verified }
    return JSON.stringify({ Server: this.#server, User: userId, Length: length, Head: head, ...more })
  }
}

interface Line {
  readonly text: string
  readonly server?: string
  readonly user?: string
  readonly pin?: KeyPin
}

/** A line that is none of ours has a text only, and stays. */
function linesOf(text: string): Line[] {
  return text.split(/\r?\n/).map((line) => {
    const value = parse(line)
    if (!isRecord(value)) return { text: line }
    const { Server: server, User: user, Length: length, Head: head, Verified: verified } = value
    if (typeof server !== 'string' || typeof user !== 'string') return { text: line }
    if (typeof length !== 'number' || typeof head !== 'string') return { text: line }
    return { text: line, server, user, pin: { length, head, ...(typeof verified === 'string' ? { verified } : {}) } }
  })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
