/** What a whole server serves out of a data directory with flipped bytes and cut files: the truth, or nothing. */
import {
  copyFileSync,
  cpSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { databaseFileName } from '../../src/store/database-file.ts'
import { newSeed, type Random, randomOf } from '../mailbox/random.ts'
import { until } from '../system/support/deadline.ts'
import { TcpClient } from '../system/support/tcp-client.ts'
import { loadFlags, makeDataFolder } from './support/data-folder.ts'
import { idOf, Ledger, nameIn, textOf } from './support/ledger.ts'
import { SdkReader } from './support/sdk-reader.ts'
import { ServerHost } from './support/server-host.ts'
import { startServerProcess } from './support/server-process.ts'

const placesCount = 200
const readers = ['bob', 'carol', 'dave', 'eve']
const senders = ['amy', 'ann']
/** Servers at a time: most of it is waiting. */
const hostsCount = 4
const messagesEach = 200
const damagedFiles = ['', '-wal', '-commits'].map((suffix) => `${databaseFileName}${suffix}`)

/** What does not come for so long does not come; longer where nobody has said yet that something is missing. */
const silenceMs = { reported: 500, unreported: 5000 }

type Verdict = 'refused' | 'reported' | 'whole'

t.setTimeout(600_000)

t.test('bytes flipped and files cut at 200 places', { timeout: 600_000 }, async (t) => {
  const seed = newSeed()
  t.comment(`TEST_SEED=${seed}`)
  const folder = mkdtempSync(join(tmpdir(), 'parley-test-'))
  const hosts = Array.from({ length: hostsCount }, () => new ServerHost())
  t.teardown(async () => {
    await Promise.all(hosts.map((host) => host.end()))
    rmSync(folder, { recursive: true, force: true })
  })
  const whole = join(folder, 'whole')
  const tokens = await storeMessages(t, whole)
  const sizes = damagedFiles.map((name) => `${name} ${readFileSync(join(whole, name)).length}`)
  t.comment(`bytes: ${sizes.join(', ')}`)
  const verdicts = { refused: 0, reported: 0, whole: 0 }
  let next = 0
  const work = async (host: ServerHost): Promise<void> => {
    for (let place = next++; place < placesCount; place = next++) {
      // Of its own, so that one place can be looked at alone.
      const random = randomOf(seed + place)
      let what = ''
      const source = { host, whole, tokens, dataDir: join(folder, `place${place}`) }
      try {
        const verdict = await judge(source, (dataDir) => {
          what = damage(dataDir, random, place % 10 === 0)
        })
        verdicts[verdict]++
      } catch (error) {
        t.fail(`place ${place}, ${what}: ${error instanceof Error ? error.message : error}`)
        await host.end()
      }
    }
  }
  const [first] = hosts
  if (first === undefined) return
  const undamaged = { host: first, whole, tokens, dataDir: join(folder, 'undamaged') }
  t.equal(await judge(undamaged, () => {}), 'whole', 'what is not damaged is served')
  await Promise.all(hosts.map(work))
  t.comment(JSON.stringify(verdicts))
  t.ok(verdicts.refused + verdicts.reported > placesCount / 10, 'much of it was found')
})

/**
 * Messages for people who are away, in a database and in its journal, as a server leaves them that was killed.
 *
 * @returns what logs the readers in
 */
async function storeMessages(
  t: Parameters<typeof makeDataFolder>[0],
  dataDir: string,
): Promise<ReadonlyMap<string, string>> {
  mkdirSync(dataDir, { mode: 0o700 })
  await makeDataFolder(t, [...readers, ...senders], dataDir)
  const server = await startServerProcess(loadFlags(dataDir))
  const ledger = new Ledger()
  const logIn = (user: string): Promise<SdkReader> =>
    SdkReader.join({ ledger, port: server.port, reader: { user, device: 'desk' } })
  const tokens = new Map<string, string>()
  for (const reader of await Promise.all(readers.map(logIn))) {
    tokens.set(reader.reader.user, reader.client.session?.token ?? '')
    await reader.goAway()
  }
  const talkers = await Promise.all(senders.map(logIn))
  for (let count = 0; count < messagesEach; count++) {
    const sending = talkers.flatMap(({ client, reader }) =>
      readers.map(async (to) => {
        const name = ledger.send(reader.user, to)
        const { status } = await client.send(to, textOf(name), { clientMsgId: idOf(name) })
        if (status !== 'stored') throw new Error(`${idOf(name)} is ${status}`)
      }),
    )
    await Promise.all(sending)
  }
  await server.kill()
  for (const talker of talkers) await talker.goAway()
  return tokens
}

/** Flips a bit, or cuts the file; says where. */
function damage(dataDir: string, random: Random, cuts: boolean): string {
  const [database, journal, witness] = damagedFiles as [string, string, string]
  const name =
    [database, database, database, database, journal, journal, journal, journal, witness][random(9)] ?? witness
  const path = join(dataDir, name)
  const bytes = readFileSync(path)
  // The beginning of the journal is what counts; the rest may be of an earlier round.
  const at = random(random(2) === 0 ? bytes.length : Math.ceil(bytes.length / 3))
  if (cuts) {
    truncateSync(path, at)
    return `${name} cut at ${at}`
  }
  const bit = random(8)
  bytes[at] = (bytes[at] ?? 0) ^ (1 << bit)
  writeFileSync(path, bytes)
  return `bit ${bit} of byte ${at} of ${name}`
}

/** Where a server is started, and on which copy of what. */
interface Source {
  readonly host: ServerHost
  readonly whole: string
  /** By reader. */
  readonly tokens: ReadonlyMap<string, string>
  readonly dataDir: string
}

/** Starts a server on a copy with damage, and reads everything. @throws what must not be: a wrong message, or silence */
async function judge({ host, whole, tokens, dataDir }: Source, harm: (dataDir: string) => void): Promise<Verdict> {
  copyData(whole, dataDir)
  try {
    harm(dataDir)
    const { port, warnings: early } = await host.start(loadFlags(dataDir))
    if (port === undefined) return 'refused'
    const read = await Promise.all(
      readers.map((reader) =>
        readInbox({ port, reader, token: tokens.get(reader) ?? '', isReported: early.length > 0 }),
      ),
    )
    const warnings = await host.stop()
    const wrong = read.flatMap(({ faults }) => faults)
    if (wrong.length > 0) throw new Error(`served wrongly: ${wrong.slice(0, 3).join('; ')}`)
    // The process has ended, and said so.
    if (warnings === undefined) return 'refused'
    if (warnings.length > 0 || read.some(({ isReported }) => isReported)) return 'reported'
    const count = read.reduce((sum, { shown }) => sum + shown, 0)
    const expected = readers.length * senders.length * messagesEach
    if (count !== expected) throw new Error(`${count} of ${expected} messages, and no word of the others`)
    return 'whole'
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
}

function copyData(from: string, to: string): void {
  mkdirSync(to, { mode: 0o700 })
  for (const name of damagedFiles) copyFileSync(join(from, name), join(to, name))
  cpSync(join(from, 'keys'), join(to, 'keys'), { recursive: true })
  // The kept room is not written anew each time.
  linkSync(join(from, `${databaseFileName}-reserve`), join(to, `${databaseFileName}-reserve`))
}

interface Read {
  readonly shown: number
  /** A login that was refused, a loss that was told, or a hole in the numbers. */
  readonly isReported: boolean
  readonly faults: readonly string[]
}

/** Reads all that a server has for a device. */
async function readInbox({
  port,
  reader,
  token,
  isReported: isKnown,
}: {
  port: number
  reader: string
  token: string
  isReported: boolean
}): Promise<Read> {
  const faults: string[] = []
  const last = new Map<string, number>()
  let shown = 0
  let isReported = isKnown
  let lastAt = performance.now()
  let cursor = { Epoch: '', Seq: 0 }
  const client = await TcpClient.connect(port)
  client.onMessage = ({ envelope, content }) => {
    if (envelope.MsgType !== 'TextMsgRequest') return undefined
    lastAt = performance.now()
    const { FromUserId = '', Epoch, Seq } = envelope
    const name = nameIn(content.Message ?? '')
    const isTrue = name?.to === reader && name.from === FromUserId && name.number <= messagesEach
    if (!isTrue || name.number <= (last.get(FromUserId) ?? 0))
      faults.push(`${reader} was shown, of ${FromUserId}: ${content.Message?.slice(0, 60)}`)
    else {
      shown++
      last.set(FromUserId, name.number)
    }
    if (Epoch === cursor.Epoch && Seq !== cursor.Seq + 1) isReported = true
    cursor = { Epoch: String(Epoch), Seq: Number(Seq) }
    if (shown % 100 === 0) client.send('AckRequest', cursor)
    return 'kept'
  }
  try {
    const { content } = await client.request('AuthRequest', {
      UserId: reader,
      Token: token,
      DeviceId: 'desk',
      Ack: true,
    })
    if (content.Success !== true || content['Recovered'] === false) isReported = true
    if (content.Success !== true) return { shown, isReported, faults }
    lastAt = performance.now()
    // What is missing does not come: then nothing comes for a while.
    const isDone = (): boolean =>
      shown === senders.length * messagesEach ||
      performance.now() - lastAt > (isReported ? silenceMs.reported : silenceMs.unreported)
    await until(isDone, 'the messages', 30_000)
  } catch {
    // The connection has ended; why, the host tells.
    isReported = true
  } finally {
    client.destroy()
  }
  return { shown, isReported, faults: [...faults, ...client.faults] }
}
