import t from 'tap'
import { messageText } from '../../src/cli/message-argument.ts'
import { testContext } from './run-cli.ts'

t.test('words are one text, and a single dash is the standard input', async (t) => {
  t.equal(await messageText(testContext().context, ['a', '-', 'b'], {}), 'a - b')
  t.equal(await messageText(testContext({ stdin: ' x\ny\n' }).context, ['-'], {}), ' x\ny')
})

t.test('nothing to send, and one stream for two things, are refused', async (t) => {
  await t.rejects(messageText(testContext({ stdin: '\n' }).context, ['-'], {}), { message: /empty/ })
  await t.rejects(messageText(testContext().context, ['-'], { passwordStdin: true }), { message: /not both/ })
})
