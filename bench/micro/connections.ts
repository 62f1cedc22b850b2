/**
 * What connections with their logins cost a whole server, thread by thread: plain, by full handshakes, and resumed, in turns
 * on one server. The figures of the first turns are those of a fresh server, the last ones those of a warm one.
 * Run: `node build/bench/micro/connections.js [clients a turn] [turns]`; settings in the environment apply to the server.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { type Endpoint, forEachAtOnce, type Login, openAll } from '../generator/raw-connection.ts'
import { parleyKind } from '../servers/parley.ts'

const [clients = 500, turns = 8] = process.argv.slice(2).map(Number)
const atOnce = 100

/** Nanoseconds on a processor of each thread of a process, by the thread's number. */
function threadTimes(pid: number): Map<string, number> {
  const folder = `/proc/${pid}/task`
  return new Map(readdirSync(folder).map((thread) => [thread, Number(readSchedule(folder, thread).split(' ')[0])]))
}

function readSchedule(folder: string, thread: string): string {
  try {
    return readFileSync(`${folder}/${thread}/schedstat`, 'utf8')
  } catch {
    // It has ended meanwhile.
    return '0'
  }
}

interface Turn {
  /** Microseconds of a connection on each thread, the busiest first. */
  readonly threads: readonly string[]
  readonly total: number
  readonly perSecond: number
  readonly resumptions: readonly string[]
}

async function turn(pid: number, endpoint: Endpoint, logins: readonly Login[]): Promise<Turn> {
  const before = threadTimes(pid)
  const began = performance.now()
  const connections = await openAll(endpoint, logins, atOnce)
  const seconds = (performance.now() - began) / 1000
  const used = [...threadTimes(pid)].map(([thread, time]) => ({
    thread: Number(thread) - pid,
    time: (time - (before.get(thread) ?? 0)) / 1000 / logins.length,
  }))
  const resumptions = connections.map((connection) => connection.resumption ?? '')
  await forEachAtOnce(connections, atOnce, (connection) => connection.close())
  return {
    threads: used
      .sort((a, b) => b.time - a.time)
      .filter(({ time }) => time >= 1)
      .map(({ thread, time }) => `+${thread}: ${time.toFixed(0)}`),
    total: used.reduce((sum, { time }) => sum + time, 0),
    perSecond: logins.length / seconds,
    resumptions,
  }
}

const server = await parleyKind({ profileFolder: process.env['PROFILE_FOLDER'] }).start({
  users: clients,
  manyDevices: false,
})
try {
  const { pid } = server
  if (pid === undefined || server.mintTokens === undefined) throw new Error('no server')
  const tokens = await server.mintTokens(clients)
  const logins: Login[] = tokens.map((token, user) => ({ userId: server.login(user).userId, token }))
  const sealed: Endpoint = { ...server.endpoint, security: { kind: 'sealed' } }
  const report = (name: string, { total, perSecond, threads }: Turn): void =>
    console.log(
      `${name.padEnd(8)} ${total.toFixed(0).padStart(5)} µs a connection, ${perSecond.toFixed(0).padStart(5)}/s; by thread ${threads.join(', ')}`,
    )
  const kinds = (process.env['KINDS'] ?? 'plain,full,resumed').split(',')
  for (let index = 0; index < turns; index++) {
    if (kinds.includes('plain')) report('plain', await turn(pid, server.endpoint, logins))
    const full = await turn(pid, sealed, logins)
    if (kinds.includes('full')) report('full', full)
    if (!kinds.includes('resumed')) continue
    const comingBack = logins.map((login, user) => ({ ...login, resume: full.resumptions[user] }))
    report('resumed', await turn(pid, sealed, comingBack))
  }
} finally {
  await server.stop()
}
