import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const main = fileURLToPath(new URL('../../bench/compare/main.js', import.meta.url))

async function run(...args: string[]): Promise<{ code: number | null; output: string; errors: string }> {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code: child.exitCode, output, errors }
}

interface Document {
  readonly isAllRight: boolean
  readonly servers: readonly { name: string; version: string; configuration: string }[]
  readonly cases: readonly {
    scenario: string
    servers: readonly { server: string; verification?: { sent: number; lost: number } }[]
  }[]
}

// Socket.IO and the floor are there wherever the tests run.
t.test('a short comparison runs, verifies, shows configurations and writes its document', async (t) => {
  const file = join(t.testdir(), 'result.json')
  const works = ['--only', 'throughput,everyone,broadcast,connect', '--window', '4', '--clients', '20']
  const rounds = ['--rounds', '1', '--seconds', '1', '--warmup', '0', '--json', file]
  const { output, errors } = await run('--servers', 'floor,socket.io', ...works, ...rounds)
  const document = JSON.parse(readFileSync(file, 'utf8')) as Document
  t.ok(document.isAllRight, errors + output)
  t.strictSame(
    document.servers.map((server) => server.name),
    ['floor', 'socket.io'],
  )
  t.match(document.servers[1]?.version, /^\d+\.\d+\.\d+$/)
  t.match(document.servers[1]?.configuration, /bench-00000/)
  t.strictSame(
    document.cases.map((one) => one.scenario),
    ['throughput', 'everyone', 'broadcast', 'connect', 'connect'],
  )
  for (const { scenario, servers } of document.cases.slice(0, 3)) {
    t.equal(servers.length, 2, scenario)
    for (const { server, verification } of servers) {
      t.ok((verification?.sent ?? 0) > 0, `${scenario}, ${server}`)
      t.equal(verification?.lost, 0, `${scenario}, ${server}`)
    }
  }
})

t.test('wrong options end with 2, and help is printed', async (t) => {
  const { code, errors } = await run('--servers', 'none')
  t.equal(code, 2)
  t.match(errors, /"none" does not exist/)
  t.match((await run('--help')).output, /Usage: npm run bench:compare/)
})
