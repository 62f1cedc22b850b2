/**
 * What it costs to store messages for absent users, and to read them again: frames of 265 bytes for 50 receivers, in commits of
 * several sizes, synced before the answer; then 100,000 of them read and acknowledged, and the start with so many.
 * Run: `node build/bench/micro/inbox.js [folder]`, on the disk that matters.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AppendedMessage, InboxRun } from '../../src/mailbox/inbox-messages.ts'
import { beginning, type Position } from '../../src/mailbox/position.ts'
import { inboxSettingsDefault, type LocalStore, openLocalStore } from '../../src/store/local-store.ts'
import { type StoreClient, startStoreThread } from '../../src/store/store-client.ts'

const frameBytes = 265
const measureMs = 1500
const receivers = 50
const inFlight = 3200
const stored = 100_000
const far = 4e12
const noBytes = new Uint8Array(0)
const framesByCount = new Map<number, Buffer>()
const frame = Buffer.concat([Buffer.from([2]), Buffer.alloc(frameBytes - 2, 'a'), Buffer.from([3])])
const settings = { ...inboxSettingsDefault, messagesMax: 1e9, bytesMax: 1e12 }
const folder = process.argv[2] ?? tmpdir()

for (const [count, users] of [
  [64, receivers],
  [16, receivers],
  [1, receivers],
  [1, inFlight],
] as const) {
  await withFolder((dataDir) => measureCommits(dataDir, count, users))
}
for (const count of [64, 16, 1]) await withFolder((dataDir) => measureThread(dataDir, count))
await withFolder(measureDrain)

function measureCommits(dataDir: string, count: number, users: number): void {
  const store = openLocalStore({ dataDir, inboxes: settings })
  let ticket = 0
  let messages = 0
  let commits = 0
  const began = performance.now()
  const cpu = process.cpuUsage()
  for (let seq = 1; performance.now() - began < measureMs; seq += count) {
    const runs = []
    for (let user = 0; user < users; user++) runs.push({ ...runOf(user, seq, count), ticket: ticket++ })
    store.runBatch(runs)
    messages += users * count
    commits++
  }
  const { user, system } = process.cpuUsage(cpu)
  const ms = performance.now() - began
  console.log(
    `${users} receivers, ${count} each a commit: ${(messages / ms).toFixed(0)} thousand/s, ${((user + system) / messages).toFixed(2)} µs of CPU each, ${(ms / commits).toFixed(2)} ms a commit`,
  )
  store.close()
}

async function measureThread(dataDir: string, count: number): Promise<void> {
  let client: StoreClient | undefined
  let messages = 0
  const next = new Array<number>(receivers).fill(1)
  let user = 0
  let isOver = false
  const append = (): void => {
    const seq = next[user] as number
    next[user] = seq + count
    if (client?.append(runOf(user, seq, count)) === -1) throw new Error('the ring is too small for this')
    user = (user + 1) % receivers
  }
  const onAppended = (message: AppendedMessage): void => {
    messages += message.count * count
    if (!isOver) for (let index = 0; index < message.count; index++) append()
  }
  client = await startStoreThread({ dataDir, inboxes: settings, onDied: (error) => console.error(error), onAppended })
  const began = performance.now()
  const cpu = process.cpuUsage()
  for (let index = 0; index < inFlight / count; index++) append()
  await new Promise((resolve) => setTimeout(resolve, measureMs))
  const ms = performance.now() - began
  const { user: userTime, system } = process.cpuUsage(cpu)
  const rate = `${(messages / ms).toFixed(0)} thousand/s, ${((userTime + system) / messages).toFixed(2)} µs of CPU each`
  isOver = true
  await client.close()
  console.log(`through the thread, ${inFlight} in flight in runs of ${count}: ${rate}`)
}

async function measureDrain(dataDir: string): Promise<void> {
  let store = openLocalStore({ dataDir, inboxes: settings })
  const each = stored / receivers
  let ticket = 0
  for (let seq = 1; seq <= each; seq += 20) {
    const runs = []
    for (let user = 0; user < receivers; user++) runs.push({ ...runOf(user, seq, 20), ticket: ticket++ })
    store.runBatch(runs)
  }
  store.close()
  let began = performance.now()
  store = openLocalStore({ dataDir, inboxes: settings })
  store.inboxes()
  console.log(`start with ${stored} stored messages: ${(performance.now() - began).toFixed(0)} ms`)
  began = performance.now()
  let messages = 0
  for (let user = 0; user < receivers; user++) messages += await drainUser(store, `user${user}`)
  const ms = performance.now() - began
  console.log(`${messages} read and acknowledged in ${ms.toFixed(0)} ms, ${(messages / ms).toFixed(0)} thousand/s`)
  store.close()
}

async function drainUser(store: LocalStore, user: string): Promise<number> {
  let after: Position = beginning
  let messages = 0
  for (;;) {
    const read = await store.call('readInbox', { user, after, bytesMax: 65_536 })
    for (const segment of read.segments) messages += segment.count
    after = read.end
    await store.call('acknowledge', { acknowledgements: [{ user, device: '', ...after }] })
    if (!read.more) return messages
  }
}

function runOf(user: number, seq: number, count: number): InboxRun {
  const frames = count === 1 ? frame : framesOf(count)
  return { user: `user${user}`, epoch: 1, seq, count, expires: far, note: noBytes, ids: noBytes, frames }
}

function framesOf(count: number): Buffer {
  let frames = framesByCount.get(count)
  if (frames === undefined) {
    frames = Buffer.concat(new Array<Buffer>(count).fill(frame))
    framesByCount.set(count, frames)
  }
  return frames
}

async function withFolder(measure: (dataDir: string) => void | Promise<void>): Promise<void> {
  const dataDir = mkdtempSync(join(folder, 'parley-inbox-'))
  try {
    await measure(dataDir)
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
}
