import t from 'tap'
import { MeshVerifier } from '../../../bench/generator/mesh-verifier.ts'

t.test('each pair of users is a stream of its own', async (t) => {
  const verifier = new MeshVerifier(3)
  for (const [sender, receiver] of [
    [0, 1],
    [0, 2],
    [1, 0],
  ] as const) {
    t.ok(verifier.arrive({ sender, receiver, sequence: 0 }))
    t.ok(verifier.arrive({ sender, receiver, sequence: 1 }))
  }
  t.strictSame(verifier.arrivals(), { arrived: 6, doubled: 0, disordered: 0, foreign: 0 })
})

t.test('repeats, late ones and foreign ones are counted', async (t) => {
  const verifier = new MeshVerifier(2)
  const arrive = (sequence: number): boolean => verifier.arrive({ sender: 0, receiver: 1, sequence })
  t.ok(arrive(0))
  t.ok(arrive(2))
  t.ok(arrive(1))
  t.notOk(arrive(1))
  t.notOk(arrive(0))
  t.ok(arrive(3))
  verifier.arriveForeign()
  t.strictSame(verifier.arrivals(), { arrived: 4, doubled: 2, disordered: 1, foreign: 1 })
})
