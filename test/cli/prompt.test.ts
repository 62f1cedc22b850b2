import { PassThrough } from 'node:stream'
import t from 'tap'
import { askHidden, askLine, typeInto } from '../../src/cli/prompt.ts'
import { testContext } from './run-cli.ts'

/** A terminal whose keys the test presses. */
class FakeTerminal extends PassThrough {
  readonly isTTY = true
  readonly modes: boolean[] = []

  setRawMode(raw: boolean): void {
    this.modes.push(raw)
  }
}

t.test('keys are edited into a line', async (t) => {
  t.same(typeInto('', 'abc'), { kind: 'typing', line: 'abc' })
  t.same(typeInto('ab', 'c\x7f\b'), { kind: 'typing', line: 'a' })
  t.same(typeInto('a😀', '\x7f'), { kind: 'typing', line: 'a' }, 'a character is one, whatever its code units')
  t.same(typeInto('abc', '\x15xy'), { kind: 'typing', line: 'xy' })
  t.same(typeInto('ab', '\x1b[A\x1b[1;5Cc\x1bOPd'), { kind: 'typing', line: 'abcd' }, 'arrow keys type nothing')
  t.same(typeInto('', 'a\tb\x00'), { kind: 'typing', line: 'ab' })
})

t.test('return ends the line, and what follows is kept', async (t) => {
  t.same(typeInto('', 'ab\r'), { kind: 'entered', line: 'ab', rest: '' })
  t.same(typeInto('', 'ab\r\ncd\n'), { kind: 'entered', line: 'ab', rest: 'cd\n' })
  t.same(typeInto('ab', '\x04\n'), { kind: 'entered', line: 'ab', rest: '' })
})

t.test('Ctrl-C cancels, and Ctrl-D on an empty line', async (t) => {
  t.same(typeInto('ab', '\x03'), { kind: 'cancelled' })
  t.same(typeInto('', '\x04'), { kind: 'cancelled' })
})

t.test('a question is asked without echo, and a pasted second answer is there for the next', async (t) => {
  const input = new FakeTerminal()
  const { context, run } = testContext({ input })
  const first = askHidden(context, 'Password: ')
  // The bytes of one character, cut.
  const bytes = Buffer.from('pä\nsecond\n')
  input.write(bytes.subarray(0, 2))
  input.write(bytes.subarray(2))
  t.equal(await first, 'pä')
  t.equal(await askHidden(context, 'Again: '), 'second')
  t.equal(run().stderr, 'Password: \nAgain: \n')
  t.same(input.modes, [true, false, true, false])
})

t.test('a cancelled question leaves the terminal as it was', async (t) => {
  const input = new FakeTerminal()
  const asked = askHidden(testContext({ input }).context, '? ')
  input.write('\x03')
  await t.rejects(asked, { exitCode: 1, message: 'Cancelled.' })
  t.same(input.modes, [true, false])
  const ended = askHidden(testContext({ input }).context, '? ')
  input.end()
  await t.rejects(ended, { message: /closed/ })
})

t.test('the terminal shows nothing typed from before the question on', async (t) => {
  const input = new FakeTerminal()
  const { context } = testContext({ input })
  const modes: unknown[] = []
  const stderr = new PassThrough()
  stderr.write = (text: unknown) => {
    modes.push([text, input.modes.at(-1)])
    return true
  }
  const asked = askHidden({ ...context, stderr }, '? ')
  input.write('x\r')
  await asked
  t.same(modes[0], ['? ', true])
})

t.test('without a terminal nothing is asked', async (t) => {
  await t.rejects(askHidden(testContext({ stdin: 'x\n' }).context, '? '), { exitCode: 2, message: /--password-stdin/ })
})

t.test('a line that may be seen is asked for without touching the terminal', async (t) => {
  const input = new FakeTerminal()
  const { context, run } = testContext({ input })
  const asked = askLine(context, 'Sure? ')
  input.write('yes\nmore')
  t.equal(await asked, 'yes')
  t.same(input.modes, [])
  t.equal(run().stderr, 'Sure? ')
  const closed = askLine(context, 'Sure? ')
  input.end()
  await t.rejects(closed, { message: /closed/ })
})
