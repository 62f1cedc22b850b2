/** The browser's example in headless Chromium behind the commands of the others. */
import { openPage, type Page } from '../../system/support/chromium.ts'
import { password, type Test } from '../../system/support/test-server.ts'
import { projectText } from './examples.ts'
import { type TalkEvent, Talker } from './talker.ts'

/** How the page logs in. */
export interface BrowserLogin {
  readonly url: string
  readonly user: string
  readonly password?: string
  readonly pin?: string
}

/** See the head of the file. */
export class BrowserTalker extends Talker {
  readonly name = 'a page in Chromium'
  #page: Page | undefined

  /** Opens the page; it is closed with the test. */
  static async open(t: Test, chromium: string): Promise<BrowserTalker> {
    const talker = new BrowserTalker()
    const html = '<!doctype html><meta charset="utf-8"><script type="module" src="/driver.js"></script>'
    const scripts = {
      '/sealed.js': projectText('examples/browser/sealed.js'),
      '/driver.js': projectText('test/conformance/browser/driver.js'),
      '/vectors.js': projectText('test/conformance/browser/vectors.js'),
    }
    const onTold = (what: unknown): void => talker.tell(what as TalkEvent)
    talker.#page = await openPage(t, chromium, html, { scripts, onTold })
    return talker
  }

  override command(line: string): void {
    this.#page?.command(line)
  }

  /** Logs in; what comes of it is an event `login`, or `error`. */
  login(options: BrowserLogin): void {
    this.command(`start ${JSON.stringify({ password, ...options })}`)
  }
}
