import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { cliFile, runProcess } from '../run-cli.ts'
import { shortFolder } from '../short-folder.ts'

/** A server process whose output can be waited for. */
class Served {
  readonly child: ChildProcess
  readonly exited: Promise<number | null>
  output = ''
  #wake: () => void = () => {}

  constructor(t: Test, args: readonly string[], env: Record<string, string> = {}) {
    const all = { PATH: process.env['PATH'], PARLEY_PORT: '0', PARLEY_WS_PORT: '0', ...env }
    this.child = spawn(process.execPath, [cliFile, 'serve', ...args], { env: all, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on('data', (chunk) => {
        this.output += chunk
        this.#wake()
      })
    }
    this.exited = once(this.child, 'close').then(([code]) => {
      this.#wake()
      return code
    })
    t.teardown(() => this.child.kill('SIGKILL'))
  }

  /** Waits until the output has it. */
  async shows(pattern: RegExp): Promise<RegExpExecArray> {
    const deadline = AbortSignal.timeout(30_000)
    for (;;) {
      const found = pattern.exec(this.output)
      if (found !== null) return found
      if (deadline.aborted || this.child.exitCode !== null) throw new Error(`no ${pattern} in:\n${this.output}`)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
        deadline.onabort = () => resolve()
      })
    }
  }
}

t.test('a server starts, hands over a password, serves commands, and drains at SIGTERM', async (t) => {
  const dataDir = join(shortFolder(t), 'data')
  const server = new Served(t, ['--data-dir', dataDir])
  const [, port] = await server.shows(/parley: serving on 127\.0\.0\.1:(\d+) and ws:\/\/127\.0\.0\.1:\d+\/ws\n/)
  await server.shows(/npx parley chat --user operator/)

  const passwordFile = join(dataDir, 'operator-password.txt')
  t.ok(server.output.includes(passwordFile))
  const password = readFileSync(passwordFile, 'utf8').trim()
  t.notOk(server.output.includes(password), 'the password itself is in no output')
  if (process.platform !== 'win32') t.equal(statSync(passwordFile).mode & 0o777, 0o600)
  t.match(server.output, /"PARLEY_PORT":"0".*"sources":\{.*"PARLEY_DATA_DIR":"flag"/)

  const env = { PARLEY_DATA_DIR: dataDir, PARLEY_PASSWORD_FILE: passwordFile, PARLEY_PORT: port ?? '' }
  const asOperator = ['--user', 'operator']
  t.match(await runProcess(['user', 'add', 'alice', '--password-stdin'], { env, stdin: 'long enough' }), {
    exitCode: 0,
  })
  t.match(await runProcess(['user', 'list'], { env }), { stdout: /alice +user[\s\S]*operator +operator/ })
  t.match(await runProcess(['status', '--json'], { env }), { stdout: new RegExp(`"pid": ${server.child.pid}\\b`) })
  t.match(await runProcess(['who', ...asOperator], { env }), { exitCode: 0, stdout: 'operator\n' })
  t.match(await runProcess(['send', ...asOperator, 'alice', 'hi'], { env }), { exitCode: 0 })
  t.match(await runProcess(['kick', ...asOperator, 'alice', '--ban', '60'], { env }), { stderr: /^/ })
  t.match(await runProcess(['doctor'], { env: { ...env, PARLEY_WS_PORT: '0' } }), {
    exitCode: 0,
    stdout: new RegExp(`held by the server that runs \\(pid ${server.child.pid}\\)`),
  })

  const second = await runProcess(['serve', '--port', '0', '--ws-port', '0'], { env })
  t.match(second, { exitCode: 69, stderr: /another Parley server uses this data directory/ })

  server.child.kill('SIGTERM')
  t.equal(await server.exited, 0)
  t.match(server.output, /drained/)
  t.notOk(existsSync(join(dataDir, 'control.sock')))
})

t.test('a taken port ends with 69 and what to do', async (t) => {
  const holder = createServer().listen(0, '127.0.0.1')
  t.teardown(() => holder.close())
  await once(holder, 'listening')
  const address = holder.address()
  if (address === null || typeof address === 'string') throw new Error('no address')
  const server = new Served(t, ['--data-dir', shortFolder(t), '--port', String(address.port)])
  t.equal(await server.exited, 69)
  t.match(server.output, new RegExp(`parley: .*${address.port}.*taken.*PARLEY_PORT`))
})

t.test('wrong settings end with 2, all at once, and nothing is made', async (t) => {
  const dataDir = join(shortFolder(t), 'data')
  const server = new Served(t, ['--data-dir', dataDir, '--set', 'POOL_BATCH=0'], {
    PARLEY_CHARSET: 'x',
    PARLEY_END_BYTE: '2',
  })
  t.equal(await server.exited, 2)
  t.match(server.output, /PARLEY_CHARSET[\s\S]*PARLEY_POOL_BATCH/)
  t.notOk(existsSync(dataDir))
})

t.test(
  'SIGHUP takes over the log level and names what needs a restart',
  { skip: process.platform === 'win32' },
  async (t) => {
    const folder = shortFolder(t)
    const envFile = join(folder, 'env')
    writeFileSync(envFile, 'PARLEY_LOG_LEVEL=warn\n')
    const server = new Served(t, ['--data-dir', join(folder, 'data'), '--env-file', envFile])
    await server.shows(/serving on/)
    writeFileSync(envFile, 'PARLEY_LOG_LEVEL=info\nPARLEY_POOL_BATCH=7\n')
    server.child.kill('SIGHUP')
    await server.shows(/"taken":\["PARLEY_LOG_LEVEL"\],"waiting":\["PARLEY_POOL_BATCH"\]/)
    writeFileSync(envFile, 'PARLEY_LOG_LEVEL=loud\n')
    server.child.kill('SIGHUP')
    await server.shows(/PARLEY_LOG_LEVEL must be [^\n]*were not taken over/)
    server.child.kill('SIGINT')
    t.equal(await server.exited, 0)
  },
)
