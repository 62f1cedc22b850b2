/** Our own client for Node behind the commands of the examples. */
import { type Client, connect, type IncomingMessage } from '../../../src/client/index.ts'
import { password, type Test } from '../../system/support/test-server.ts'
import { Talker } from './talker.ts'

/** See the head of the file. */
export class NodeTalker extends Talker {
  readonly name = 'Node'
  readonly #client: Client
  readonly #device: string

  private constructor(client: Client, device: string) {
    super()
    this.#client = client
    this.#device = device
  }

  /** Logs in by a sealed session. */
  static async start(t: Test, options: { url: string; user: string; device?: string }): Promise<NodeTalker> {
    const { url, user, device = 'node' } = options
    const client = await connect({ url, seal: true, deviceId: device, verifySignatures: true })
    const talker = new NodeTalker(client, device)
    void talker.#read()
    client.on('KeyEvent', (content) => talker.tell({ event: 'server', type: 'KeyEvent', content }))
    t.teardown(() => client.close())
    await client.login({ userId: user, password })
    return talker
  }

  override command(line: string): void {
    this.#obey(line).catch((error: { code?: string; message: string }) => {
      this.tell({ event: 'error', code: error.code, message: error.message })
    })
  }

  async #obey(line: string): Promise<void> {
    const [, verb = '', first = '', text = ''] = /^(\S+) ?(\S*) ?(.*)$/s.exec(line) ?? []
    const client = this.#client
    switch (verb) {
      case 'send':
        return this.tell({ event: 'sent', to: first, ...(await client.send(first, text)) })
      case 'send-signed':
        return this.tell({ event: 'sent', to: first, ...(await client.send(first, text, { sign: 'PS256' })) })
      case 'send-e2e':
        return this.tell({ event: 'sent', to: first, ...(await client.sendEndToEnd(first, text)) })
      case 'enrol': {
        await client.enrolKey({ deviceId: this.#device })
        return this.tell({ event: 'enrolled', key: client.thumbprint })
      }
      case 'keys': {
        const { keys, safetyNumber } = await client.directory(first)
        const thumbprints = keys.map(({ thumbprint }) => thumbprint).sort()
        return this.tell({ event: 'keys', user: first, keys: thumbprints, safetyNumber })
      }
      default:
        throw new Error(`no such command: ${line}`)
    }
  }

  async #read(): Promise<void> {
    for await (const message of this.#client) this.tell({ event: 'text', ...readMessage(message) })
  }
}

function readMessage({ from, type, content, signature, endToEnd }: IncomingMessage): Readonly<Record<string, unknown>> {
  const text = (content as { readonly Message?: string }).Message
  const isSigned = signature?.kind === 'valid' || endToEnd !== undefined
  return { from, type, text, signed: isSigned, endToEnd: endToEnd !== undefined }
}
