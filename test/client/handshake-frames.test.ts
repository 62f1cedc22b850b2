import t from 'tap'
import { ParleyError } from '../../src/client/errors.ts'
import { HandshakeFrames } from '../../src/client/handshake-frames.ts'

const { signal } = new AbortController()

t.test('bodies are given in order, whether they come before or after they are asked for', async (t) => {
  const frames = new HandshakeFrames()
  frames.body('1')
  t.equal(await frames.take(signal), '1')
  const second = frames.take(signal)
  frames.body('2')
  frames.body('3')
  t.equal(await second, '2')
  t.equal(await frames.take(signal), '3')
})

t.test('the end, a fault and too many frames end the attempt', async (t) => {
  const ends: ((frames: HandshakeFrames) => void)[] = [
    (frames) => frames.closed(undefined),
    (frames) => frames.fault(new ParleyError('bad_frame')),
  ]
  for (const end of ends) {
    const before = new HandshakeFrames()
    end(before)
    await t.rejects(before.take(signal), { code: 'sealing_failed' })
    const after = new HandshakeFrames()
    const taken = after.take(signal)
    end(after)
    await t.rejects(taken, { code: 'sealing_failed' })
  }
  const flooded = new HandshakeFrames()
  for (let count = 0; count < 9; count++) flooded.body('x')
  for (let count = 0; count < 8; count++) t.equal(await flooded.take(signal), 'x')
  await t.rejects(flooded.take(signal), { code: 'sealing_failed' })
})

t.test('the signal ends the waiting with its reason', async (t) => {
  const abort = new AbortController()
  const taken = new HandshakeFrames().take(abort.signal)
  abort.abort(new Error('enough'))
  await t.rejects(taken, { message: 'enough' })
})

t.test('after the handing over everything goes to the next owner, first what nobody took', async (t) => {
  const frames = new HandshakeFrames()
  frames.body('1')
  const told: unknown[] = []
  frames.handOver({
    body: (text) => told.push(text),
    fault: ({ code }) => told.push(code),
    drained: () => told.push('drained'),
    closed: (cause) => told.push(cause),
  })
  frames.body('2')
  frames.fault(new ParleyError('bad_frame'))
  frames.drained()
  frames.closed('end')
  t.strictSame(told, ['1', '2', 'bad_frame', 'drained', 'end'])
})
