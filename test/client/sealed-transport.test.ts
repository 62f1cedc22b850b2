import { randomBytes } from 'node:crypto'
import t from 'tap'
import { SealedTransport } from '../../src/client/sealed-transport.ts'
import type { Transport } from '../../src/client/transport.ts'
import { readSessionKeys } from '../../src/security/key-schedule.ts'
import { RecordOpener, RecordSealer, recordType } from '../../src/security/records.ts'

function start(frameBytesMax = 1000) {
  const keys = readSessionKeys(randomBytes(320))
  const wire: string[] = []
  const told: unknown[] = []
  const inner: Transport = {
    unsentBytes: 0,
    send: (body) => wire.push(body),
    end: () => told.push('ended'),
    destroy: () => told.push('destroyed'),
  }
  const transport = new SealedTransport(
    {
      inner,
      form: { startByte: 2, endByte: 3, charset: 'utf-8' },
      frameBytesMax,
      sealer: new RecordSealer({ suite: 1, sender: 'client', keys }),
      opener: new RecordOpener({ suite: 1, sender: 'server', keys }),
      prove: (frame) => Buffer.concat([Buffer.from('proof '), frame]),
      session: { server: 'x', suite: 1, resumed: false },
      offerNonce: 'n',
      resumedUser: undefined,
      signingKey: keys.signingKey,
      keepTicket: () => {},
    },
    {
      body: (text) => told.push(text),
      fault: ({ code }) => told.push(code),
      drained: () => {},
      closed: (cause) => told.push(cause instanceof Error ? cause.message : cause),
    },
  )
  const sealer = new RecordSealer({ suite: 1, sender: 'server', keys })
  const opener = new RecordOpener({ suite: 1, sender: 'client', keys })
  const record = (text: string): string => sealer.seal(recordType.data, Buffer.from(text)).toString('base64')
  const opened = (): string[] => wire.map((body) => String(opener.open(Buffer.from(body, 'base64'))?.plaintext))
  return { transport, told, wire, sealer, record, opened }
}

t.test('the first body goes alone with the proof, those of a turn together, and the end is announced', async (t) => {
  const { transport, told, wire, opened } = start()
  t.equal(transport.isProven, false)
  transport.send('login')
  t.equal(transport.isProven, true)
  transport.send('a')
  transport.send('b')
  t.ok(transport.unsentBytes > 0)
  await Promise.resolve()
  transport.send('c')
  transport.end()
  t.equal(wire.length, 4)
  t.strictSame(opened(), ['proof \x02login\x03', '\x02a\x03\x02b\x03', '\x02c\x03', ''])
  transport.closed(undefined)
  t.strictSame(told, ['ended', undefined])
})

t.test('before the login there is nothing to announce', async (t) => {
  const { transport, wire } = start()
  transport.end()
  t.equal(wire.length, 0)
})

t.test('whole messages are told, one that is too long is told of', async (t) => {
  const { transport, told, record } = start(10)
  transport.body(record('\x02{"a":1}\x03\x02é\x03'))
  transport.body(record(`\x02${'x'.repeat(11)}\x03\x02y\x03`))
  t.strictSame(told, ['{"a":1}', 'é', 'frame_too_large', 'y'])
})

t.test('anything else ends it, and nothing that follows counts', async (t) => {
  const bad: Record<string, (setup: ReturnType<typeof start>) => string> = {
    'half a message': ({ record }) => record('\x02a'),
    'bytes around a message': ({ record }) => record('x\x02a\x03'),
    'bytes that are no UTF-8': ({ sealer }) =>
      sealer.seal(recordType.data, Buffer.from('02ff03', 'hex')).toString('base64'),
    'a record that is skipped': ({ record }) => {
      record('\x02a\x03')
      return record('\x02b\x03')
    },
    'base64 with a line break': ({ record }) => `${record('\x02a\x03')}\n`,
    'no record': () => '',
  }
  for (const [name, make] of Object.entries(bad)) {
    const setup = start()
    setup.transport.body(make(setup))
    setup.transport.body(setup.record('\x02later\x03'))
    setup.transport.closed(undefined)
    t.match(setup.told, ['destroyed', /^The sealed session was disturbed/], name)
    t.equal(setup.told.length, 2)
  }
})

t.test('the server’s end is an end, none is a cut', async (t) => {
  const ended = start()
  ended.transport.body(ended.sealer.seal(recordType.close).toString('base64'))
  ended.transport.body('more')
  ended.transport.closed(new Error('ECONNRESET'))
  t.strictSame(ended.told, ['ended', undefined])
  const cut = start()
  cut.transport.closed(undefined)
  t.match(cut.told, [/cut/])
})
