import t from 'tap'
import { answer, answerRun, sayLater, sendAnswers } from '../../../src/router/inbox/answers.ts'
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

/** A step of which answers need no more than the time and the delimiters: one of these is no ASCII. */
function makeStep(): Step {
  const state = { options: { delimiters: { start: 0xfe, end: 0x03 } } }
  return { state, now: 1_700_000_000_500, effects: [] } as unknown as Step
}

function saidIn(step: Step): string | undefined {
  sendAnswers(step)
  const [effect] = step.effects
  const isDelivery = effect?.kind === 'send' && effect.message.kind === 'deliver'
  return isDelivery ? Buffer.from(effect.message.frames).toString('hex') : undefined
}

t.test('answers to a run are those to its messages, one by one, and nobody is told who did not ask', async (t) => {
  const nameOf = (index: number): string => `e3-${20 + index}-0123456789ab`
  const callbackIds = ['1', 'zwei "2"', '三', '4']
  const together = makeStep()
  answerRun(together, 7, { callbackIds, from: 1, until: 9, status: 'stored', nameOf })
  const single = makeStep()
  for (const [index, callbackId] of callbackIds.entries()) {
    if (index === 0) continue
    answer(single, 7, { callbackId, status: 'stored', messageId: nameOf(index), isDuplicate: false })
  }
  t.equal(saidIn(together), saidIn(single))
  const silent = makeStep()
  answerRun(silent, 7, { callbackIds: [], from: 0, until: 3, status: 'delivered', nameOf })
  t.equal(saidIn(silent), undefined)
})
