// Shows a server at work: `npm run demo`. A warehouse whose people, screens and devices talk through a server that this
// program starts with a temporary data directory on free ports of this machine; after some seconds it removes everything.
// `--pause=MS` is the time that a person is given to read a chapter.
import { spawn } from 'node:child_process'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { connect } from 'parley-server'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
/** The whole demonstration takes some ten seconds; on a machine that has other things to do, more. */
const deadlineMs = 120_000
const pause = process.argv.find((argument) => /^--pause=\d+$/.test(argument))
const pauseMs = pause === undefined ? 600 : Number(pause.slice('--pause='.length))

const deadline = setTimeout(() => stop(`not done after ${deadlineMs / 1000} s`), deadlineMs)
const dataDir = mkdtempSync(join(tmpdir(), 'parley-demo-'))
let server
let thumbprint

process.on('exit', () => {
  server?.kill('SIGKILL')
  rmSync(dataDir, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))

try {
  await demonstrate()
} catch (error) {
  stop(error)
}
clearTimeout(deadline)

async function demonstrate() {
  await chapter('A server')
  const places = await startServer(0, 0)
  const { tcpPort, wsPort } = places
  say('server', `listens on 127.0.0.1:${tcpPort} (TCP) and ${wsPort} (WebSocket), data in ${dataDir}`)
  const overTcp = { host: '127.0.0.1', port: tcpPort }
  const overWebSocket = { url: `ws://127.0.0.1:${wsPort}/ws` }

  await chapter('People, screens and devices log in; each makes its account, which this server allows')
  const desk = await enter('desk', { ...overWebSocket, receipts: true, seal: { pin: thumbprint, key: newKey() } })
  say(
    'desk',
    `the operator's desk: over WebSocket, sealed. It knows the server's key (${thumbprint.slice(0, 8)}…) beforehand, as with SSH`,
  )
  desk.on('PresenceEvent', ({ UserId, Online }) => {
    if (UserId !== 'desk') say('desk', `sees that ${UserId} ${Online ? 'has come' : 'has left'}`)
  })
  await desk.watchPresence(true)
  const shop = await enter('shop', overTcp)
  say('shop', 'a terminal in the shop: over TCP, plain JSON between two delimiters')
  const atShop = []
  shop.on('TextMsgRequest', ({ Message }, { from }) => {
    atShop.push(Message)
    say('shop', `reads of ${from}: "${Message}"`)
  })
  const sensor = await enter('sensor', { ...overTcp, seal: { pin: thumbprint } })
  say(
    'sensor',
    `measures the cold store: sealed (suite ${sensor.sealed.suite}), nobody on the way can read or change what it says`,
  )

  await chapter('A text, and a question with its answer')
  desk.on('TextMsgRequest', ({ Message }, { from, endToEnd }) => {
    say(
      'desk',
      `reads of ${from}: "${Message}"${endToEnd === undefined ? '' : ' (which only its own device could open)'}`,
    )
  })
  const { status, clientMsgId } = await shop.send('desk', 'Two crates of pears, please. 两箱梨')
  say('shop', `is told "${status}": the desk has handled it, not only the network`)
  const again = await shop.send('desk', 'Two crates of pears, please. 两箱梨', { clientMsgId })
  say(
    'shop',
    `sends it once more by mistake: known as a repeat (${again.duplicate}), and the desk is not shown it twice`,
  )
  desk.on('StockRequest', ({ Item }, message) => desk.reply(message, 'StockResponse', { Item, Crates: 7 }))
  const stock = await shop.request('StockRequest', { Item: 'pears' }, { to: 'desk' })
  say('shop', `asks the desk with a message type of its own, and is answered: ${stock.Crates} crates of ${stock.Item}`)

  await chapter('Measurements, in a sealed session')
  desk.on('Measurement', ({ Celsius }, { from }) => say('desk', `${from}: ${Celsius} °C`))
  for (const Celsius of [3.9, 4.1, 6.2]) await sensor.sendMessage('desk', 'Measurement', { Celsius })

  await chapter('Somebody is away')
  const driver = { userId: 'driver', password: randomBytes(12).toString('base64url') }
  const before = await enter('driver', { ...overTcp, deviceId: 'phone' }, driver)
  await before.close()
  const told = []
  desk.on('receipt', ({ to, status }) => {
    if (to === 'driver') told.push(status)
    say('desk', `is told later: ${to} has it (${status})`)
  })
  for (const text of ['Pears to the shop', 'The cold store is too warm', 'Come by afterwards']) {
    const { status } = await desk.send('driver', text)
    say('desk', `sends "${text}" to the driver, who is away: ${status}, on the disk, before this answer`)
  }

  await chapter('The server is killed without a warning (SIGKILL), and started again')
  await killServer()
  const late = desk.send('shop', 'The driver is on the way')
  say('desk', 'sends a text to the shop, while there is no server: its client keeps it')
  await startServer(tcpPort, wsPort)
  say('server', 'is there again, on the same ports and the same data')
  say('desk', `its client has come back by itself, and has sent what it kept: ${(await late).status}`)
  await until(() => atShop.length === 1, 'the text for the shop')

  await chapter('The driver is back')
  const texts = []
  const phone = await connectAs('driver', { ...overTcp, deviceId: 'phone', seal: { pin: thumbprint, key: newKey() } })
  phone.on('TextMsgRequest', ({ Message }, { endToEnd }) => {
    texts.push(Message)
    say('driver', `reads: "${Message}"${endToEnd === undefined ? '' : ' (which only this phone could open)'}`)
  })
  await phone.login(driver)
  await until(() => texts.length === 3 && told.length === 3, 'what was stored')
  say('driver', 'has all three, in order, each once, although the server was killed meanwhile')

  await chapter('End to end: the server passes on what it can not read')
  for (const [client, deviceId] of [
    [desk, 'desk'],
    [phone, 'phone'],
  ]) {
    const { thumbprint: own } = await client.enrolKey({ deviceId })
    say(
      deviceId === 'phone' ? 'driver' : 'desk',
      `has a key of its own, ${own.slice(0, 8)}…, and enters it in the directory`,
    )
  }
  const { safetyNumber } = await desk.directory('driver')
  say('desk', `could compare this with the driver on the telephone: ${safetyNumber}`)
  await desk.sendEndToEnd('driver', 'The code of the gate is 4711')
  await until(() => texts.length === 4, 'the secret')

  await chapter('The end')
  for (const client of [phone, sensor, shop, desk]) await client.close()
  const exited = once(server, 'exit')
  server.kill('SIGTERM')
  const [code] = await exited
  say('server', `was asked to stop (SIGTERM), has finished what was on its way, and ends with ${code}`)
  if (code !== 0) throw new Error(`the server ended with ${code}`)
  console.log('\nNow run your own: npm start. Programs like this one: README.md, "A client with the SDK".')
}

/** Starts the server, on the given ports or free ones; resolves when it listens. */
async function startServer(port, webSocketPort) {
  const settings = ['--data-dir', dataDir, '--port', port, '--ws-port', webSocketPort, '--set', 'SELF_REGISTRATION=on']
  server = spawn(process.execPath, [join(root, 'bin', 'parley.js'), 'serve', ...settings.map(String)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PARLEY_'))),
  })
  const started = server
  let log = ''
  for (const stream of [server.stdout, server.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      log += `${line}\n`
    })
  }
  const serving = /serving on 127\.0\.0\.1:(\d+) and ws:\/\/127\.0\.0\.1:(\d+)/
  await until(() => serving.test(log) || started.exitCode !== null, 'the start of the server')
  if (started.exitCode !== null) throw new Error(`the server did not start:\n${log}`)
  thumbprint = /"thumbprint":"([\w-]+)","msg":"identity/.exec(log)[1]
  const [, tcpPort, wsPort] = serving.exec(log)
  return { tcpPort: Number(tcpPort), wsPort: Number(wsPort) }
}

async function killServer() {
  const exited = once(server, 'exit')
  server.kill('SIGKILL')
  await exited
}

async function connectAs(who, options) {
  const client = await connect({ ...options, clientName: 'demo/1', reconnect: { baseMs: 50, capMs: 500 } })
  client.on('error', (error) => say(who, `trouble: ${error.message}`))
  return client
}

/** Connects, and makes the account at the login. */
async function enter(who, options, credentials = { userId: who, password: randomBytes(12).toString('base64url') }) {
  const client = await connectAs(who, options)
  await client.login(credentials, { register: true })
  return client
}

/** The key of a device: what is sealed, signed or opened end to end by it. */
function newKey() {
  return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
}

/** Waits for something that another part of this program notices. */
async function until(isSo, what) {
  const started = performance.now()
  while (!isSo()) {
    if (performance.now() - started > 30_000) throw new Error(`waited too long for ${what}`)
    await wait(10)
  }
}

async function chapter(title) {
  await wait(pauseMs)
  console.log(`\n${title}`)
}

function say(who, text) {
  console.log(`  ${who.padEnd(7)} ${text}`)
}

function stop(cause) {
  console.error(`demo: ${cause instanceof Error ? cause.stack : cause}`)
  process.exit(1)
}
