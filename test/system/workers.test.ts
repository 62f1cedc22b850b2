import t from 'tap'
import { password, startTestServer, type TestServer } from './support/test-server.ts'
import { textFrom } from './support/wire-client.ts'

const crowd = Array.from({ length: 30 }, (_, index) => `crowd${index}`)
const victims = Array.from({ length: 10 }, (_, index) => `victim${index}`)
const poolWorkerFile = new URL('./support/faulty.worker.js', import.meta.url)
const settings = { POOL_TASK_TIMEOUT_MS: '1000', POOL_MIN_THREADS: '2', USER_MESSAGES_PER_SECOND: '0' }

const faults: readonly { password: string; codes: readonly string[]; cause: string | undefined }[] = [
  { password: '!throw', codes: ['server_busy'], cause: undefined },
  { password: '!throw-item', codes: ['storage_failed'], cause: undefined },
  { password: '!exit', codes: ['server_busy'], cause: 'exited' },
  { password: '!memory', codes: ['server_busy'], cause: 'out_of_memory' },
  { password: '!hang', codes: ['server_busy'], cause: 'hung' },
]

t.test('a pool thread that fails under load costs nobody the connection, and is replaced', async (t) => {
  const server = await startTestServer(t, { users: [...crowd, ...victims, 'amy', 'bob'], settings, poolWorkerFile })
  const amy = await server.client('amy')
  const bob = await server.client('bob')

  for (const { password: fault, codes, cause } of faults) {
    await t.test(fault, async (t) => {
      const linesBefore = server.lines.length
      const answers: Promise<string>[] = []
      const logIn = async (user: string, secret: string): Promise<string> => {
        const client = await server.connect()
        const content = await client.login(user, { Password: secret })
        // An answer, and the connection still serves another login.
        const again = await client.request('UserListRequest', {})
        client.destroy()
        return again.content.Success === false || content.Success === true ? (content.Code ?? 'ok') : 'lost'
      }
      for (const [index, user] of crowd.entries()) {
        answers.push(logIn(user, password))
        if (index % 10 === 5) answers.push(logIn(victims[(index - 5) / 10] as string, fault))
      }
      const talk = (async () => {
        for (let count = 0; count < 30; count++) {
          t.match(await amy.text('bob', 'meanwhile'), { Success: true })
          await bob.take(textFrom('amy'), 'the text')
        }
      })()
      const found = await Promise.all(answers)
      await talk
      t.equal(found.filter((code) => code === 'ok').length, crowd.length, 'everyone else is let in')
      const failed = found.filter((code) => code !== 'ok')
      t.equal(failed.length, 3)
      t.same([...new Set(failed)], codes)
      if (cause !== undefined) await replacedInTime(t, server, linesBefore, cause)
      const started = performance.now()
      t.equal(await logIn('crowd0', password), 'ok')
      t.ok(performance.now() - started < 1000, 'a login right after it is quick')
    })
  }

  t.notOk(amy.isEnded() || bob.isEnded())
  t.same(server.faults(), [])
})

/** After each loss a new thread starts within a second. */
async function replacedInTime(t: import('tap').Test, server: TestServer, from: number, cause: string): Promise<void> {
  const lines = server.lines.slice(from)
  const losses = lines.filter(({ message }) => message === 'workerLost')
  t.ok(losses.length >= 3, `${losses.length} threads were lost`)
  t.same([...new Set(losses.map(({ fields }) => fields['cause']))], [cause])
  for (const loss of losses) {
    const start = await server.line('workerStarted', ({ at }) => at >= loss.at)
    t.ok(start.at - loss.at < 1000, `after ${Math.round(start.at - loss.at)} ms`)
  }
}
