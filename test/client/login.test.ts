import t from 'tap'
import { ParleyError } from '../../src/client/errors.ts'
import { type LoginAttempt, logIn, loginProofs } from '../../src/client/login.ts'
import { readMessage } from '../../src/client/message.ts'

const all = { userId: 'alice', token: 't', password: 'p' }

t.test('the cheapest proof comes first', async (t) => {
  t.strictSame(loginProofs({ credentials: all, byTicket: false }), [{ Token: 't' }, { Password: 'p' }])
  t.strictSame(loginProofs({ credentials: all, byTicket: true }), [{}, { Token: 't' }, { Password: 'p' }])
  t.strictSame(loginProofs({ credentials: { userId: 'a', password: 'p' }, byTicket: false }), [{ Password: 'p' }])
  t.strictSame(loginProofs({ credentials: { userId: 'a', token: 't' }, byTicket: true }), [{}, { Token: 't' }])
})

/** Logs in at a server that answers with these codes, one after the other; empty: welcome. */
function run(
  codes: readonly string[],
  more: Partial<LoginAttempt> = {},
  isWanted = true,
): { asked: object[]; end: unknown } {
  const asked: object[] = []
  let end: unknown
  const attempt = {
    credentials: all,
    byTicket: true,
    register: false,
    deviceId: undefined,
    clientName: 'test/1',
    more: { Ack: true },
    ...more,
  }
  logIn(attempt, {
    ask: (content, answered, failed) => {
      const code = codes[asked.push(content) - 1]
      if (code === 'timeout') return failed(new ParleyError('timeout'))
      const answer = code
        ? { Success: false, Code: code }
        : { Success: true, UserId: 'alice', Ticket: 'x', TicketExpires: 7 }
      const message = readMessage(JSON.stringify({ MsgType: 'AuthResponse', Content: JSON.stringify(answer) }))
      if (message instanceof ParleyError) throw message
      answered(message)
    },
    isWanted: () => isWanted,
    welcomed: ({ userId }, ticket) => {
      end = { userId, ticket }
    },
    refused: ({ code }) => {
      end = code
    },
  })
  return { asked, end }
}

t.test('what is refused gives way to the next, and other reasons end it', async (t) => {
  t.match(run(['auth_failed', 'auth_failed', '']), {
    asked: [{ UserId: 'alice', Token: undefined, Password: undefined }, { Token: 't' }, { Password: 'p' }],
    end: { userId: 'alice', ticket: { ticket: 'x', expires: 7 } },
  })
  t.match(run(['auth_failed', 'auth_failed', 'auth_failed']), { asked: { length: 3 }, end: 'auth_failed' })
  t.match(run(['banned']), { asked: { length: 1 }, end: 'banned' })
  t.match(run(['auth_failed', 'timeout']), { asked: { length: 2 }, end: 'timeout' })
  t.match(run(['auth_failed', ''], {}, false), { asked: { length: 1 }, end: 'auth_failed' })
})

t.test('an account is asked for once, and the device is named', async (t) => {
  const { asked } = run(['auth_failed', ''], { register: true, deviceId: 'phone' })
  t.match(asked, [
    { Register: true, DeviceId: 'phone', Client: 'test/1', Version: 1, Ack: true },
    { DeviceId: 'phone' },
  ])
  t.notOk('Register' in (asked[1] ?? {}))
})
