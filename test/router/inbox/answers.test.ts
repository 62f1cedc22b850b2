import t from 'tap'
import { answer, sayLater, sendAnswers } from '../../../src/router/inbox/answers.ts'
import type { Step } from '../../../src/router/state.ts'
import { RouterWorld, saidTo } from '../router-world.ts'

t.test('what one step says to a connection goes in one piece, in its order', async (t) => {
  const world = new RouterWorld()
  const step: Step = { state: world.state, now: world.now, effects: [] }
  sendAnswers(step)
  t.strictSame(step.effects, [])
  answer(step, 7, { callbackId: 'a"b', status: 'stored', messageId: 'e1-1-x', isDuplicate: false })
  answer(step, 7, { callbackId: 'c', status: 'sent', messageId: undefined, isDuplicate: true })
  sayLater(step, 8, Buffer.from('\u0002{"MsgType":"X","Content":"{}"}\u0003'))
  sendAnswers(step)
  t.equal(step.effects.length, 2)
  t.strictSame(saidTo(step.effects, 7), [
    {
      type: 'CommonResponse',
      callbackId: 'a"b',
      content: { Success: true, Data: { Status: 'stored', MsgId: 'e1-1-x' } },
    },
    { type: 'CommonResponse', callbackId: 'c', content: { Success: true, Data: { Status: 'sent', Duplicate: true } } },
  ])
})
