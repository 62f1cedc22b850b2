/** The raw client over WebSocket: a text message is a body. */
import { WebSocket } from 'ws'
import { within } from './deadline.ts'
import { WireClient } from './wire-client.ts'

/** See the head of the file. */
export class WebSocketClient extends WireClient {
  readonly webSocket: WebSocket
  /** The code of the close, after the end. */
  closeCode = 0

  private constructor(webSocket: WebSocket) {
    super()
    this.webSocket = webSocket
    webSocket.on('message', (data: Buffer, isBinary: boolean) => {
      if (isBinary) this.faults.push('a binary message')
      else this.receive(data.toString('utf8'))
    })
    webSocket.on('error', () => {})
    webSocket.on('close', (code: number) => {
      this.closeCode = code
      this.end()
    })
  }

  /** @throws Error `Unexpected server response: <status>` when the server says no */
  static async connect(port: number, options: { path?: string; origin?: string } = {}): Promise<WebSocketClient> {
    const { path = '/ws', origin } = options
    const webSocket = new WebSocket(`ws://127.0.0.1:${port}${path}`, {
      perMessageDeflate: false,
      ...(origin === undefined ? {} : { origin }),
    })
    // Listens before the first message can come.
    const client = new WebSocketClient(webSocket)
    await within(
      new Promise<void>((resolve, reject) => {
        webSocket.once('open', resolve)
        webSocket.once('error', reject)
      }),
      'a WebSocket',
    )
    return client
  }

  override sendBody(body: string | Buffer): void {
    this.webSocket.send(body, { binary: false })
  }

  override pause(): void {
    this.webSocket.pause()
  }

  override resume(): void {
    this.webSocket.resume()
  }

  override destroy(): void {
    this.webSocket.terminate()
  }
}
