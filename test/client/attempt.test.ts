import t from 'tap'
import { attempt } from '../../src/client/attempt.ts'
import { ParleyError } from '../../src/client/errors.ts'
import { readOptions } from '../../src/client/options.ts'

const options = readOptions({ host: 'chat.example', port: 7, connectTimeoutMs: 30 })
const { signal } = new AbortController()

/** Lives until its signal fires. */
function hang(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason))
  })
}

t.test('what it gives, it gives', async (t) => {
  t.equal(await attempt(options, signal, async () => 7), 7)
})

t.test('an error names the server; one of ours stays', async (t) => {
  const refused = attempt(options, signal, async () => {
    throw new Error('refused')
  })
  await t.rejects(refused, { code: 'connect_failed', message: /chat\.example:7 .*refused/ })
  const own = attempt(options, signal, async () => {
    throw new ParleyError('pin_mismatch')
  })
  await t.rejects(own, { code: 'pin_mismatch' })
})

t.test('it ends with its time, and with its signal', async (t) => {
  await t.rejects(attempt(options, signal, hang), { code: 'connect_failed' })
  const abort = new AbortController()
  const given = attempt(options, abort.signal, hang)
  abort.abort(new Error('enough'))
  await t.rejects(given, { message: 'enough' })
  await t.rejects(attempt(options, abort.signal, hang), { message: 'enough' })
})
