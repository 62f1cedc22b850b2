import t from 'tap'
import { PeerWatch } from '../../src/client/peer-watch.ts'

t.test('after silence it asks, after more silence it calls the peer dead', async (t) => {
  const log: string[] = []
  // The watch does not keep the program alive; this does.
  const alive = setTimeout(() => t.fail('not in time'), 5000)
  await new Promise<void>((resolve) => {
    new PeerWatch({
      intervalMs: 5,
      timeoutMs: 5,
      probe: () => void log.push('probe'),
      dead: () => {
        log.push('dead')
        resolve()
      },
    })
  })
  clearTimeout(alive)
  t.same(log, ['probe', 'dead'])
})

t.test('any sign of life in time begins the silence anew', async (t) => {
  const alive = setTimeout(() => t.fail('not in time'), 5000)
  let probes = 0
  await new Promise<void>((resolve) => {
    const watch = new PeerWatch({
      intervalMs: 5,
      timeoutMs: 50,
      probe: () => {
        if (++probes === 3) {
          watch.stop()
          resolve()
        } else watch.heard()
        // The answer came before the time was over: `dead` must not follow. The next turn asks again.
      },
      dead: () => t.fail('it has answered'),
    })
    watch.heard()
  }).finally(() => clearTimeout(alive))
  t.equal(probes, 3)
})

t.test('an interval of 0 never asks', async (t) => {
  const watch = new PeerWatch({ intervalMs: 0, timeoutMs: 1, probe: () => t.fail(), dead: () => t.fail() })
  watch.heard()
  watch.stop()
  watch.heard()
  t.pass()
})
