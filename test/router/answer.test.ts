import t from 'tap'
import { refuse, say, serverFrame, succeed } from '../../src/router/answer.ts'
import { createRouterState, type Step } from '../../src/router/state.ts'
import { routerOptions, saidIn, saidTo } from './router-world.ts'

function newStep(): Step {
  return { state: createRouterState(routerOptions), now: 1_700_000_000_999, effects: [] }
}

t.test('a frame of the server names no sender and has the time in whole seconds', (t) => {
  const frame = serverFrame(newStep(), 'PresenceEvent', { UserId: 'ann', Online: true }, 'c1')
  t.equal(frame[0], 0x02)
  t.equal(frame.at(-1), 0x03)
  t.strictSame(JSON.parse(frame.toString('utf8', 1, frame.length - 1)), {
    MsgType: 'PresenceEvent',
    CreateTime: 1_700_000_000,
    CallbackID: 'c1',
    Content: '{"UserId":"ann","Online":true}',
  })
  t.strictSame(saidIn(frame)[0]?.content, { UserId: 'ann', Online: true })
  t.end()
})

t.test('success is told to who asks, with its data', (t) => {
  const step = newStep()
  succeed(step, { connection: 1, type: 'CommonRequest', callbackId: undefined }, { On: true })
  t.strictSame(step.effects, [])
  succeed(step, { connection: 1, type: 'CommonRequest', callbackId: 'c1' })
  succeed(step, { connection: 1, type: 'CommonRequest', callbackId: 'c2' }, { On: true })
  t.strictSame(saidTo(step.effects, 1), [
    { type: 'CommonResponse', callbackId: 'c1', content: { Success: true } },
    { type: 'CommonResponse', callbackId: 'c2', content: { Success: true, Data: { On: true } } },
  ])
  t.end()
})

t.test('what the server says and refuses goes to one connection, without a receipt', (t) => {
  const step = newStep()
  say(step, 7, 'HeartbeatRequest', {})
  refuse(
    step,
    { connection: 7, type: 'KickRequest', callbackId: 'c1', toUser: false },
    { code: 'not_allowed', message: 'No.' },
  )
  t.match(step.effects, [
    { kind: 'send', connection: 7, message: { kind: 'deliver', connection: 7, receipt: 0 } },
    { kind: 'send', connection: 7, message: { kind: 'deliver', connection: 7, receipt: 0 } },
  ])
  t.match(saidTo(step.effects, 7)[1], { type: 'CommonResponse', content: { Success: false, Code: 'not_allowed' } })
  t.end()
})
