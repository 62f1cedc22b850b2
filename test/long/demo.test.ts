/** The demonstration runs by itself, shows what it says, and leaves nothing behind. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import t from 'tap'

t.test('npm run demo', async (t) => {
  const demo = spawn(process.execPath, ['scripts/demo.mjs', '--pause=0'], { stdio: ['ignore', 'pipe', 'pipe'] })
  t.teardown(() => demo.kill())
  let shown = ''
  let complaints = ''
  demo.stdout.setEncoding('utf8').on('data', (text) => {
    shown += text
  })
  demo.stderr.setEncoding('utf8').on('data', (text) => {
    complaints += text
  })
  const [code] = await once(demo, 'close')
  t.comment(shown)
  t.equal(complaints, '')
  t.equal(code, 0)
  for (const line of [
    /shop +is told "delivered"/,
    /shop +.*known as a repeat \(true\)/,
    /sensor +.*sealed \(suite \d\)/,
    /desk +sends "Pears to the shop".*stored/,
    /server +is there again/,
    /shop +reads of desk: "The driver is on the way"/,
    /driver +has all three, in order/,
    /desk +is told later: driver has it \(delivered\)/,
    /driver +reads: "The code of the gate is 4711" \(which only this phone could open\)/,
    /server +.*ends with 0/,
  ]) {
    t.match(shown, line)
  }
  t.notMatch(shown, /trouble|undefined/)
  const dataDir = /data in (.+)/.exec(shown)?.[1] ?? ''
  t.ok(dataDir !== '' && !existsSync(dataDir), 'its data is gone')
})
