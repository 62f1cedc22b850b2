import t from 'tap'
import { connectionIn, FakeChannel, sessionOf } from './fakes.ts'

t.test('what can not be taken is kept in order and taken as one', (t) => {
  const connection = connectionIn({ kind: 'authenticating' })
  t.equal(connection.takeUnread(), undefined)
  for (const part of ['ab', 'c', 'def']) connection.keepUnread(Buffer.from(part))
  t.equal(connection.unreadBytes(), 6)
  t.equal(connection.takeUnread()?.toString(), 'abcdef')
  t.equal(connection.unreadBytes(), 0)
  t.equal(connection.takeUnread(), undefined)
  t.end()
})

t.test('thousands of small chunks are kept in linear time', (t) => {
  const connection = connectionIn({ kind: 'authenticating' })
  const begun = performance.now()
  for (let index = 0; index < 100_000; index++) connection.keepUnread(Buffer.from('abc'))
  t.equal(connection.takeUnread()?.length, 300_000)
  t.ok(performance.now() - begun < 1000)
  t.end()
})

t.test('a channel is paused and resumed once', (t) => {
  const channel = new FakeChannel()
  const connection = connectionIn({ kind: 'greeting', deadline: 1 }, channel)
  connection.resume()
  connection.pause()
  connection.pause()
  connection.resume()
  connection.resume()
  t.strictSame(channel.calls, ['pause', 'resume'])
  t.end()
})

t.test('only what is open has messages written to it, and only a session is one', (t) => {
  const session = sessionOf('ann')
  const open = [
    connectionIn({ kind: 'greeting', deadline: 1 }),
    connectionIn({ kind: 'authenticating' }),
    connectionIn({ kind: 'session', session }),
  ]
  t.strictSame(
    open.map((connection) => [connection.isOpen(), connection.session()]),
    [
      [true, undefined],
      [true, undefined],
      [true, session],
    ],
  )
  t.notOk(connectionIn({ kind: 'closing', deadline: 1 }).isOpen())
  t.notOk(connectionIn({ kind: 'closed' }).isOpen())
  t.end()
})
