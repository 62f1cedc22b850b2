import t from 'tap'
import { findBottleneck, type Load, loadNotes } from '../../../bench/scenarios/load.ts'

function load(generatorActive: number, serverThread: number, otherCores = 0, idleCores = 0.4): Load {
  return {
    seconds: 1,
    done: 1000,
    perSecond: [1000],
    serverCpuMs: serverThread * 1000,
    serverThreadCores: [serverThread],
    generatorActive: [generatorActive],
    generatorCores: generatorActive,
    otherCores,
    idleCores,
  }
}

t.test('a generator that never rests while the server does is the bottleneck, and the notes say so', async (t) => {
  t.equal(findBottleneck(load(0.99, 0.6)), 'generator')
  t.match(loadNotes(load(0.99, 0.6))[0], /the generator was the bottleneck/)
})

t.test('a server thread that is busy all the time is the bottleneck, which needs no note', async (t) => {
  t.equal(findBottleneck(load(0.5, 1)), 'server')
  t.equal(findBottleneck(load(0.95, 0.99)), 'server')
  t.strictSame(loadNotes(load(0.5, 1)), [])
})

t.test('when nobody left any CPU, the machine is the bottleneck and not the generator', async (t) => {
  t.equal(findBottleneck(load(0.99, 0.6, 0, 0.02)), 'machine')
})

t.test('when both rest, neither is', async (t) => {
  t.equal(findBottleneck(load(0.3, 0.4)), 'neither')
})

t.test('the work of others on the machine is noted', async (t) => {
  t.match(loadNotes(load(0.5, 1, 0.8))[0], /others on this machine used 0.8 cores/)
})
