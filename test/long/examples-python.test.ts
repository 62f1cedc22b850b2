/** The Python example against the vectors, and with a whole server. */
import t from 'tap'
import { checkExample, checkTalk, checkTickets, type Example } from '../conformance/support/example-tests.ts'
import { pythonExample, skipPython } from '../conformance/support/examples.ts'
import { checkResults, expectedCounts, runVectors } from '../conformance/support/vector-results.ts'

t.test('the vectors, in Python', { skip: skipPython }, async (t) => {
  checkResults(t, runVectors(pythonExample().vectors), expectedCounts([1, 2], { endToEnd: true }))
})

t.test('the client in Python', { skip: skipPython }, async (t) => {
  const { client } = pythonExample()
  await checkExample(t, { command: client, suite: 1, tickets: true, endToEnd: true, signs: 'PS256' })
})

t.test('the client in Python, in suite 2', { skip: skipPython }, async (t) => {
  const { client } = pythonExample()
  const example: Example = { command: client, suite: 2, tickets: true, endToEnd: true, signs: 'PS256' }
  await t.test('talks', (t) => checkTalk(t, example))
  await t.test('comes back with its ticket', (t) => checkTickets(t, example))
})
