import t from 'tap'
import { answer, answerRun, sendAnswers } from '../../../src/router/inbox/answers.ts'
import type { Step } from '../../../src/router/state.ts'

const connection = 7
const nameOf = (index: number): string => `e3-${20 + index}-0123456789ab`

/** A step of which answers need no more than the time and the delimiters. */
function makeStep(): Step {
  const state = { options: { delimiters: { start: 0xfe, end: 0x03 } } }
  return { state, now: 1_700_000_000_500, effects: [] } as unknown as Step
}

function saidIn(step: Step): string | undefined {
  sendAnswers(step)
  const [effect] = step.effects
  return effect?.kind === 'send' && effect.message.kind === 'deliver'
    ? Buffer.from(effect.message.frames).toString('hex')
    : undefined
}

t.test('answers to a run are those to its messages, one by one', async (t) => {
  const callbackIds = ['1', 'zwei "2"', '三', '4']
  const together = makeStep()
  answerRun(together, connection, { callbackIds, from: 1, until: 9, status: 'stored', nameOf })
  const single = makeStep()
  for (const [index, callbackId] of callbackIds.entries()) {
    if (index > 0)
      answer(single, connection, { callbackId, status: 'stored', messageId: nameOf(index), isDuplicate: false })
  }
  t.equal(saidIn(together), saidIn(single))
})

t.test('nobody is told who did not ask', async (t) => {
  const step = makeStep()
  answerRun(step, connection, { callbackIds: [], from: 0, until: 3, status: 'delivered', nameOf })
  t.equal(saidIn(step), undefined)
})
