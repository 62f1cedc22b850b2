/** Opens a page in headless Chromium, without a package for it: the page tells its result by a request. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { within } from './deadline.ts'
import type { Test } from './test-server.ts'

const startMs = 60_000

/** A page that is open. */
export interface Page {
  /** Answers the page's next request for `/command`. */
  command(line: string): void
  /** What the page posts to `/tell`, in order. */
  readonly told: unknown[]
  /** Resolves when the page has told so many things. */
  tells(count: number): Promise<void>
}

/** More that a page may need. */
export interface PageOptions {
  /** Scripts beside the page: their text by path, such as `/sealed.js`. */
  readonly scripts?: Readonly<Record<string, string>>
  /** Called with everything that the page tells. */
  readonly onTold?: (what: unknown) => void
}

/** Serves the page on a port of its own and opens it; all of it ends with the test. */
export async function openPage(t: Test, chromium: string, html: string, options: PageOptions = {}): Promise<Page> {
  const told: unknown[] = []
  const waiting: { readonly count: number; readonly resolve: () => void }[] = []
  const commands: string[] = []
  let wanted: ServerResponse | undefined
  const server = createServer((request, response) => {
    const script = options.scripts?.[request.url ?? '']
    if (script !== undefined) {
      response.setHeader('Content-Type', 'text/javascript; charset=utf-8').end(script)
      return
    }
    if (request.url === '/command') {
      const line = commands.shift()
      if (line === undefined) wanted = response
      else response.end(line)
      return
    }
    if (request.method !== 'POST') {
      response.setHeader('Content-Type', 'text/html; charset=utf-8').end(html)
      return
    }
    let body = ''
    request.setEncoding('utf8')
    request.on('data', (chunk: string) => {
      body += chunk
    })
    request.on('end', () => {
      response.end()
      const what: unknown = JSON.parse(body)
      told.push(what)
      options.onTold?.(what)
      for (const { count, resolve } of waiting) if (told.length >= count) resolve()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const profile = mkdtempSync(join(tmpdir(), 'parley-chromium-'))
  const browser = start(chromium, profile, `http://127.0.0.1:${port}/`)
  let output = ''
  browser.stderr?.on('data', (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-4000)
  })
  const ended = once(browser, 'close')
  t.teardown(async () => {
    browser.kill('SIGTERM')
    await within(ended, 'the end of Chromium').catch(() => browser.kill('SIGKILL'))
    server.close()
    server.closeAllConnections()
    rmSync(profile, { recursive: true, force: true, maxRetries: 10 })
  })
  const died = ended.then(() => {
    throw new Error(`Chromium ended by itself: ${output}`)
  })
  died.catch(() => {})
  return {
    command(line) {
      if (wanted === undefined) commands.push(line)
      else wanted.end(line)
      wanted = undefined
    },
    told,
    tells: (count) =>
      Promise.race([
        within(
          new Promise<void>((resolve) => {
            if (told.length >= count) resolve()
            else waiting.push({ count, resolve })
          }),
          `the page tells ${count} things (it told ${JSON.stringify(told)})`,
          startMs,
        ),
        died,
      ]),
  }
}

function start(chromium: string, profile: string, url: string): ChildProcess {
  const options = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-dev-shm-usage',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--disable-extensions',
    '--remote-debugging-port=0',
    `--user-data-dir=${profile}`,
  ]
  return spawn(chromium, [...options, url], { stdio: ['ignore', 'ignore', 'pipe'] })
}
