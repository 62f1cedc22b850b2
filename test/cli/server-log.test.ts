import { spawnSync } from 'node:child_process'
import t from 'tap'

const module = new URL('../../src/cli/server-log.js', import.meta.url).href

/** What a log writes on the standard output of a process of its own. */
function logged(options: object, script: string): string {
  const code = `import { createServerLog } from ${JSON.stringify(module)}
    const { log, flush } = await createServerLog(${JSON.stringify(options)})
    ${script}
    flush()
    process.exit(0)`
  return spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' }).stdout
}

t.test('lines are JSON with a time and the name of the level, all written at the end', async (t) => {
  const text = logged(
    { level: 'info', isTerminal: false, colour: false },
    "for (let i = 0; i < 500; i++) log.info({ i }, 'line')\nlog.debug('not')",
  )
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  t.equal(lines.length, 500)
  t.match(lines[499], { level: 'info', i: 499, msg: 'line', time: /^\d{4}-\d\d-\d\dT/ })
})

t.test('secrets do not get in, at the top and inside', async (t) => {
  const script = `log.info({ password: 'canary', a: { Token: 'canary', b: { passwordHash: 'canary' } }, user: 'bob' }, 'x')
    log.error({ err: Object.assign(new Error('e'), { password: 'canary' }) })`
  for (const isTerminal of [false, true]) {
    const text = logged({ level: 'info', isTerminal, colour: false }, script)
    t.notMatch(text, /canary/)
    t.match(text, /bob/)
  }
})

t.test('on a terminal a line is for people', async (t) => {
  const text = logged({ level: 'info', isTerminal: true, colour: false }, "log.warn({ port: 1 }, 'look')")
  t.match(text, /^\[\d\d:\d\d:\d\d\.\d+\] WARN: look \{"port":1\}\n$/)
})
