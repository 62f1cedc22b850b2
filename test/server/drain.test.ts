import t from 'tap'
import type { RouterShell } from '../../src/router/router-shell.ts'
import { drainServer } from '../../src/server/drain.ts'
import { recordingLog } from './recording-log.ts'

interface Parts {
  readonly did: string[]
  undecided: number
  readonly report: (name: 'quiesced' | 'drained') => void
  readonly drain: (timeoutMs: number) => Promise<void>
  readonly lines: ReturnType<typeof recordingLog>['lines']
}

/** Parts that do nothing by themselves. */
function parts(): Parts {
  const did: string[] = []
  const reports = new Map<string, () => void>()
  const { log, lines } = recordingLog()
  const self: Parts = {
    did,
    undecided: 0,
    report: (name) => reports.get(name)?.(),
    drain: (timeoutMs) =>
      drainServer({
        shell: {
          counts: () => ({ users: 1, sessions: 1, undecided: self.undecided }),
          quiesce: () => did.push('quiesce'),
          storeAll: () => did.push('storeAll'),
          giveUpStore: () => did.push('giveUpStore'),
          drain: () => did.push('drain'),
        } as unknown as RouterShell,
        log,
        timeoutMs,
        waitForAcceptors: (name) => new Promise((resolve) => reports.set(name, resolve)),
        stop: async () => {
          did.push('stop')
        },
      }),
    lines,
  }
  return self
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1))
}

t.setTimeout(10_000)

t.test('steps follow one another, each after the one before has ended', async (t) => {
  const all = parts()
  all.undecided = 1
  const drained = all.drain(60_000)
  t.strictSame(all.did, ['quiesce'])
  all.report('quiesced')
  await new Promise((resolve) => setTimeout(resolve, 50))
  t.strictSame(all.did, ['quiesce', 'storeAll'], 'what was read comes to its end first')
  all.undecided = 0
  await until(() => all.did.includes('drain'))
  all.report('drained')
  await drained
  t.strictSame(all.did, ['quiesce', 'storeAll', 'drain', 'stop'])
  t.match(all.lines.at(-1), { message: 'drained', fields: { complete: true } })
})

t.test('a step that does not end is cut off, and the whole keeps its deadline', async (t) => {
  const all = parts()
  all.undecided = 1
  const begun = performance.now()
  await all.drain(200)
  const took = performance.now() - begun
  t.ok(took < 1000, `${took}`)
  t.strictSame(all.did, ['quiesce', 'storeAll', 'giveUpStore', 'drain', 'stop'])
  t.match(all.lines.at(-1), { fields: { complete: false } })
})
