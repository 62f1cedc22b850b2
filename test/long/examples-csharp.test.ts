/** The C# example under mono against the vectors, and with a whole server in suite 3: mono's library has no more. */
import t from 'tap'
import { checkExample } from '../conformance/support/example-tests.ts'
import { csharpExample, skipMono } from '../conformance/support/examples.ts'
import { checkResults, expectedCounts, runVectors } from '../conformance/support/vector-results.ts'

t.test('the vectors, in C#', { skip: skipMono }, async (t) => {
  const results = runVectors(csharpExample(t).vectors)
  const counts = expectedCounts([3], { endToEnd: false })
  // Of suite 2 mono can check all that needs neither OAEP with SHA-256 nor P-256.
  const ofSuites = expectedCounts([2, 3], { endToEnd: false })
  for (const set of ['records/streams', 'records/bad']) counts.set(set, ofSuites.get(set) ?? 0)
  checkResults(t, results, counts)
  const suite2 = results.filter(({ set }) => set === 'handshake/keys')
  t.ok(suite2.length > 0 && suite2.every(({ ok }) => ok), 'the keys of suite 2')
})

t.test('the client in C#', { skip: skipMono }, async (t) => {
  const { client } = csharpExample(t)
  await checkExample(t, { command: client, suite: 3, tickets: false, endToEnd: false, signs: 'RS256' })
})
