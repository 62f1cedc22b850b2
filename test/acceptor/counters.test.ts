import t from 'tap'
import { Counters } from '../../src/acceptor/counters.ts'

t.test('a snapshot is of its moment, with refusals and ends by code', (t) => {
  const counters = new Counters()
  counters.acceptedTotal = 2
  counters.refused('bad_frame')
  counters.refused('bad_frame')
  counters.closed('peer')
  counters.handshakesFull = 3
  counters.handshakesResumed = 4
  counters.handshakeFailed('noise')
  counters.recordFailed('not_opened')
  counters.recordFailed('not_opened')
  const snapshot = counters.snapshot({ connections: 1, sessions: 1, receivedFrames: 5 })
  counters.refused('bad_frame')
  t.strictSame(snapshot, {
    connections: 1,
    sessions: 1,
    receivedFrames: 5,
    acceptedTotal: 2,
    receivedBytes: 0,
    sentBytes: 0,
    noiseBytes: 0,
    refusedFrames: { bad_frame: 2 },
    closed: { peer: 1 },
    handshakes: { full: 3, resumed: 4, failed: { noise: 1 } },
    recordsFailed: { not_opened: 2 },
  })
  t.end()
})
