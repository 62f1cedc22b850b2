import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import t from 'tap'
import { newPassword, ownPassword, passwordFault } from '../../src/cli/password-source.ts'
import { testContext } from './run-cli.ts'

t.test('a piped password loses its newline and nothing else', async (t) => {
  for (const stdin of [' pass word ', ' pass word \n', ' pass word \r\n']) {
    t.equal(await newPassword(testContext({ stdin }).context, { passwordStdin: true }, 'bob'), ' pass word ')
  }
})

t.test('what nobody can have meant is refused', async (t) => {
  for (const [stdin, message] of [
    ['', /empty/],
    ['\n', /empty/],
    ['two lines\nof password\n', /more than one line/],
    ['short77', /at least 8/],
    ['x'.repeat(1025), /at most 1024/],
    ['x'.repeat(5000), /longer than/],
  ] as const) {
    await t.rejects(newPassword(testContext({ stdin }).context, { passwordStdin: true }, 'bob'), {
      exitCode: 2,
      message,
    })
  }
})

t.test('a new password is asked for twice', async (t) => {
  const ask = (answers: string): Promise<string> => {
    const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => {} })
    input.write(answers)
    return newPassword(testContext({ input }).context, {}, 'bob')
  }
  t.equal(await ask('long enough\nlong enough\n'), 'long enough')
  await t.rejects(ask('long enough\nlong enouhg\n'), { exitCode: 1, message: /differ; nothing was changed/ })
  await t.rejects(ask('short\n'), { message: /at least 8/ })
})

t.test("one's own password may stand in a file that the environment names", async (t) => {
  const path = join(t.testdir(), 'pw')
  writeFileSync(path, 'mine\n')
  const { context } = testContext({ env: { PARLEY_PASSWORD_FILE: path } })
  t.equal(await ownPassword(context, {}, 'bob'), 'mine')
  const wrong = testContext({ env: { PARLEY_PASSWORD_FILE: `${path}x` } }).context
  await t.rejects(ownPassword(wrong, {}, 'bob'), { exitCode: 2, message: /PARLEY_PASSWORD_FILE.*can't be read/ })
  const piped = testContext({ stdin: 'piped\n', env: { PARLEY_PASSWORD_FILE: path } }).context
  t.equal(await ownPassword(piped, { passwordStdin: true }, 'bob'), 'piped')
})

t.test('the rules for passwords', async (t) => {
  t.equal(passwordFault('x'.repeat(8)), undefined)
  t.equal(passwordFault('x'.repeat(1024)), undefined)
  t.match(passwordFault('x'.repeat(7)), /8/)
  t.match(passwordFault('x'.repeat(1025)), /1024/)
})
