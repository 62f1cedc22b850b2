/** The Java example against the vectors, and with a whole server. */
import t from 'tap'
import { checkExample } from '../conformance/support/example-tests.ts'
import { javaExample, skipJava } from '../conformance/support/examples.ts'
import { checkResults, expectedCounts, runVectors } from '../conformance/support/vector-results.ts'

t.test('the vectors, in Java', { skip: skipJava }, async (t) => {
  checkResults(t, runVectors(javaExample(t).vectors), expectedCounts([1], { endToEnd: true }))
})

t.test('the client in Java', { skip: skipJava }, async (t) => {
  const { client } = javaExample(t)
  await checkExample(t, { command: client, suite: 1, tickets: true, endToEnd: true, signs: 'PS256' })
})
