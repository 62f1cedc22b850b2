import t from 'tap'
import { runHere } from '../run-cli.ts'

t.test('an unknown setting is refused with those that can be tuned, and nothing is started', async (t) => {
  const { exitCode, stderr } = await runHere(['tune', '--only', 'PARLEY_PORT'])
  t.equal(exitCode, 2)
  t.match(stderr, /--only must be one of PARLEY_POOL_MAX_THREADS, PARLEY_POOL_BATCH/)
})

t.test('a wrong number is refused', async (t) => {
  const { exitCode, stderr } = await runHere(['tune', '--rounds', 'some'])
  t.equal(exitCode, 2)
  t.match(stderr, /--rounds must be a whole number/)
})
