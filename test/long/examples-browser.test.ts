/** The browser's example in headless Chromium: against the vectors, with a whole server, and the page that shows it. */
import { join } from 'node:path'
import t from 'tap'
import { BrowserTalker } from '../conformance/support/browser-talker.ts'
import { compareKeys, converse, type Speaker, taken } from '../conformance/support/conversation.ts'
import { projectText } from '../conformance/support/examples.ts'
import { NodeTalker } from '../conformance/support/node-talker.ts'
import { checkResults, expectedCounts, type VectorResult } from '../conformance/support/vector-results.ts'
import { openPage } from '../system/support/chromium.ts'
import { skipWithout } from '../system/support/outside-program.ts'
import { password, startTestServer } from '../system/support/test-server.ts'
import { textFrom } from '../system/support/wire-client.ts'
import { readVectors } from '../vectors/vector-files.ts'

const chromium = process.env['CHROMIUM'] ?? 'chromium'
const skip = skipWithout(chromium, 'install Chromium, or name its program in the variable CHROMIUM')

t.test('the vectors, in WebCrypto', { skip }, async (t) => {
  const page = await BrowserTalker.open(t, chromium)
  const names = ['keys', 'handshake', 'records', 'signatures', 'enrolment', 'end-to-end']
  const vectors = Object.fromEntries(names.map((name) => [name, readVectors<object>(name)]))
  const { results } = await page.ask(`vectors ${JSON.stringify(vectors)}`, 'vectors')
  checkResults(t, results as VectorResult[], expectedCounts([1], { endToEnd: true }))
})

for (const security of ['plain', 'sealed']) {
  t.test(
    `sealed texts, signatures and end to end, where the listener takes ${security} sessions`,
    { skip },
    async (t) => {
      const server = await startTestServer(t, { users: ['alice', '汤姆'], settings: { MIN_SECURITY: security } })
      const url = `ws://127.0.0.1:${server.port('ws')}/ws`
      const talker = await BrowserTalker.open(t, chromium)
      talker.login({ url, user: 'alice' })
      t.match(await talker.outcome('login'), { user: 'alice', suite: 1, resumed: false })
      const node = await NodeTalker.start(t, { url: `parley://127.0.0.1:${server.port()}`, user: '汤姆' })
      await talker.ask('enrol', 'enrolled')
      await node.ask('enrol', 'enrolled')
      const one: Speaker = { user: 'alice', talker, signs: true, endToEnd: true }
      const other: Speaker = { user: '汤姆', talker: node, signs: true, endToEnd: true }
      await converse(t, one, other)
      await compareKeys(t, one, other)
      await talker.ask('quit', 'quit')
      await talker.take('end')
      talker.login({ url, user: 'alice', password: 'not asked for' })
      t.match(await talker.outcome('login'), { resumed: true }, 'it comes back with its ticket')
      t.match(await talker.ask('send 汤姆 back again', 'sent'), { status: taken })
      await talker.ask('quit', 'quit')
      talker.login({ url, user: 'alice', pin: 'A'.repeat(43) })
      t.match(await talker.take('error'), { code: 'server_key_changed' }, 'another pin')
      t.same(server.faults(), [])
    },
  )
}

t.test('the page itself', { skip }, async (t) => {
  const server = await startTestServer(t, { users: ['alice', 'bob'] })
  const bob = await server.client('bob')
  const url = `ws://127.0.0.1:${server.port('ws')}/ws`
  // Types and clicks as a person would, and tells every line that is shown.
  const person = `<script type="module">
    const list = document.getElementById('messages')
    const tell = (text) => fetch('/tell', { method: 'POST', body: JSON.stringify(text) })
    new MutationObserver((changes) => {
      for (const { addedNodes } of changes) for (const { textContent } of addedNodes) tell(textContent)
    }).observe(list, { childList: true })
    for (;;) {
      const { fill = {}, click } = await (await fetch('/command')).json()
      for (const [id, value] of Object.entries(fill)) document.getElementById(id).value = value
      document.querySelector(click).click()
    }
  </script>`
  const scripts = { '/sealed.js': projectText('examples/browser/sealed.js') }
  const html = projectText(join('examples', 'browser', 'sealed.html')).replace('</body>', () => `${person}</body>`)
  const page = await openPage(t, chromium, html, { scripts })
  const act = (what: object): void => page.command(JSON.stringify(what))
  act({ fill: { url, user: 'alice', password }, click: '#login button' })
  await page.tells(2)
  t.match(page.told[0], /^You are alice, by a full handshake/)
  t.match(page.told[1], /fingerprint is [\w-]{43}\./)
  act({ fill: { to: 'bob', text: 'hello <b>bob</b>' }, click: '#talk button' })
  t.equal((await bob.take(textFrom('alice'), 'the text')).content.Message, 'hello <b>bob</b>')
  await page.tells(3)
  t.equal(page.told[2], 'to bob: hello <b>bob</b> (sealed, sent)')
  t.match(await bob.text('alice', 'hello <i>alice</i>'), { Success: true })
  await page.tells(4)
  t.equal(page.told[3], 'bob: hello <i>alice</i>')
  act({ click: '#keys button[value=enrol]' })
  await page.tells(5)
  t.match(page.told[4], /^This browser's key is enrolled/)
  act({ fill: { how: 'sendEndToEnd', text: 'for nobody else' }, click: '#talk button' })
  await page.tells(6)
  t.equal(page.told[5], 'no_keys: bob has no key')
})
