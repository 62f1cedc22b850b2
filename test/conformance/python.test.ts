/** The Python example against the vectors, and with a whole server. */
import t from 'tap'
import { checkExample } from './support/example-tests.ts'
import { pythonExample, skipPython } from './support/examples.ts'
import { checkResults, expectedCounts, runVectors } from './support/vector-results.ts'

t.test('the vectors, in Python', { skip: skipPython }, async (t) => {
  checkResults(t, runVectors(pythonExample().vectors), expectedCounts([1, 2], { endToEnd: true }))
})

for (const suite of [1, 2]) {
  t.test(`the client in Python, in suite ${suite}`, { skip: skipPython }, async (t) => {
    const { client } = pythonExample()
    await checkExample(t, { command: client, suite, tickets: true, endToEnd: true, signs: 'PS256' })
  })
}
