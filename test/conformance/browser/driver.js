/**
 * Makes a page out of examples/browser/sealed.js that obeys a test: it asks for commands (`/command`), and tells what
 * happens (`/tell`). The commands are those of the other examples, and `start` and `vectors`.
 */
import { openState, SealedClient } from '/sealed.js'
import { runVectors } from '/vectors.js'

let client
let queue = Promise.resolve()

/** One after the other, so that they arrive in order. */
function tell(what) {
  queue = queue.then(() => fetch('/tell', { method: 'POST', body: JSON.stringify(what) }))
}

const verbs = {
  async start(json) {
    const { url, user, password, pin } = JSON.parse(json)
    client = new SealedClient({ url, user, pin, state: await openState(user), on: tell })
    return { event: 'login', ...(await client.connect(password)) }
  },
  async vectors(json) {
    return { event: 'vectors', results: await runVectors(JSON.parse(json)) }
  },
  async enrol() {
    return { event: 'enrolled', key: await client.enrol() }
  },
  async approve(key) {
    await client.approve(key)
    return { event: 'approved', key }
  },
  async keys(user) {
    return { event: 'keys', ...(await client.compare(user)) }
  },
  async quit() {
    await client.close()
    return { event: 'quit' }
  },
  send: (rest) => sent('sendText', rest),
  'send-signed': (rest) => sent('sendSigned', rest),
  'send-e2e': (rest) => sent('sendEndToEnd', rest),
}

async function sent(how, rest) {
  const at = rest.indexOf(' ')
  const to = rest.slice(0, at)
  return { event: 'sent', to, status: await client[how](to, rest.slice(at + 1)) }
}

for (;;) {
  const line = await (await fetch('/command')).text()
  const at = line.indexOf(' ')
  const verb = at < 0 ? line : line.slice(0, at)
  try {
    tell(await verbs[verb](at < 0 ? '' : line.slice(at + 1)))
  } catch (error) {
    tell({ event: 'error', code: error.code ?? error.name, message: error.message })
  }
}
