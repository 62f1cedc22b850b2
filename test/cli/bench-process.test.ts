import t from 'tap'
import { runBench } from '../../src/cli/bench-process.ts'
import { testContext } from './run-cli.ts'

t.test('what the benchmark writes is passed on, and its exit code returned', async (t) => {
  const { context, run } = testContext({ env: { PATH: process.env['PATH'] ?? '' } })
  t.equal(await runBench(context, 'main.js', ['--nope']), 2)
  await new Promise((resolve) => setImmediate(resolve))
  t.match(run().stderr, /--nope/)
})

t.test('a stop is passed on, so that nothing is left behind', async (t) => {
  const { context, run } = testContext({ env: { PATH: process.env['PATH'] ?? '' } })
  let stop = (): void => {}
  const began = new Promise<void>((resolve) => context.stderr.on('pipe', () => resolve()))
  const ended = runBench(
    {
      ...context,
      onStop: (handler) => {
        stop = handler
        return () => {}
      },
    },
    'main.js',
    ['--servers', 'floor', '--scenario', 'throughput', '--pairs', '1', '--seconds', '60'],
  )
  await began
  // Its first line says that it has begun.
  while (run().stderr === '') await new Promise((resolve) => setTimeout(resolve, 20))
  stop()
  t.equal(await ended, 130)
})
