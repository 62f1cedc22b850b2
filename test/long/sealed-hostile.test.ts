import { randomBytes } from 'node:crypto'
import t from 'tap'
import { type ClientSession, clientProof, takeFinish } from '../../src/security/client-handshake.ts'
import { RecordSealer, recordType } from '../../src/security/records.ts'
import { until } from '../system/support/deadline.ts'
import { clientKey, newClientKey, type SealedClient, type SealedSpeech } from '../system/support/sealed-client.ts'
import { connectSealed, loginSealed } from '../system/support/sealed-people.ts'
import { password, startTestServer, type Test, type TestServer } from '../system/support/test-server.ts'
import { bodyOf, textFrom } from '../system/support/wire-client.ts'

const speeches: readonly SealedSpeech[] = ['tcp', 'compact', 'ws-text', 'ws-binary']
const text = bodyOf('TextMsgRequest', { Message: 'hi' }, { ToUserId: 'bob' })

/** The connection ends, the wire does not say why, and the log does. */
async function endsSilently(t: Test & Tap, server: TestServer, client: SealedClient, name: string): Promise<void> {
  const { units, recordsReceived } = client
  const came = units.length
  const lines = server.lines.length
  await client.ended()
  if (client.recordsReceived !== recordsReceived || units.length !== came || client.isClosedByServer) {
    t.fail(`${name}: the server said something`)
  }
  const find = (): boolean =>
    server.lines
      .slice(Math.max(0, lines - 3))
      .some(({ fields }) => fields['reason'] === 'record_failed' || fields['reason'] === 'handshake_failed')
  await until(find, `${name}: the reason in the log`)
  server.lines.length = 0
}

interface Tap {
  fail(message: string): unknown
}

async function atProof(
  t: Test,
  server: TestServer,
  speech: SealedSpeech = 'tcp',
): Promise<{ client: SealedClient; session: ClientSession }> {
  const client = await connectSealed(t, server, { speech })
  return { client, session: await client.handshake() }
}

t.test('one bit changed anywhere in the answer to the offer: no session', async (t) => {
  const server = await startTestServer(t, { users: ['amy'] })
  const probe = await connectSealed(t, server)
  const length = probe.answer(await probe.offer()).terminalBody.length
  probe.destroy()
  let sessions = 0
  const tryOne = async (at: number): Promise<void> => {
    const client = await connectSealed(t, server)
    const pending = client.answer(await client.offer())
    const changed = Buffer.from(pending.terminalBody)
    if (at < changed.length) changed[at] = (changed[at] as number) ^ (1 << (at % 8))
    client.sendText(changed)
    // Either it ends at once, or the last frame is not what the client's own frames lead to.
    const body = await client.nextUnit('the end of the handshake').catch(() => undefined)
    if (body !== undefined && takeFinish(pending, body) !== undefined) sessions++
    client.destroy()
  }
  for (let at = 0; at < length; at += 16)
    await Promise.all(Array.from({ length: 16 }, (_, index) => tryOne(at + index)))
  t.equal(sessions, 16 - (length % 16 === 0 ? 16 : length % 16), 'only those past the end were not changed')
})

t.test('one bit changed anywhere in the proof: no session, and no word', async (t) => {
  const server = await startTestServer(t, { users: ['amy'] })
  for (const speech of speeches) {
    const probe = await atProof(t, server, speech)
    const frame = probe.client.innerFrame(bodyOf('AuthRequest', { UserId: 'amy', Password: password }))
    const length = probe.client.outer(
      probe.client.sealRecord(recordType.finish, clientProof(probe.session, frame)),
    ).length
    probe.client.destroy()
    const step = speech === 'tcp' ? 3 : 41
    for (let at = 0; at < length; at += step) {
      const { client, session } = await atProof(t, server, speech)
      const bytes = Buffer.from(client.outer(client.sealRecord(recordType.finish, clientProof(session, frame))))
      bytes[at] = (bytes[at] as number) ^ (1 << (at % 8))
      client.sendBytes(bytes)
      // A length or an END that was changed leaves the server waiting for more: any further byte decides.
      client.sendBytes(Buffer.from([0x02, 0x41, 0x03]))
      client.endSending()
      await client.ended()
      if (client.recordsReceived > 0) t.fail(`${speech}: the server answered a proof that was changed at ${at}`)
      client.destroy()
    }
  }
})

t.test('a proof without the key, without a login, twice, or of another session', async (t) => {
  const server = await startTestServer(t, { users: ['amy'] })
  const login = bodyOf('AuthRequest', { UserId: 'amy', Password: password })
  const ways: { [name: string]: (client: SealedClient, session: ClientSession, frame: Buffer) => Buffer } = {
    'a signature by another key': (_client, session, frame) =>
      clientProof({ ...session, clientKey: newClientKey() }, frame),
    'no signature': (_client, session, frame) => clientProof({ ...session, clientKey: undefined }, frame),
    'a wrong MAC': (_client, session, frame) => {
      const proof = clientProof(session, frame)
      proof[0] = (proof[0] as number) ^ 1
      return proof
    },
    'no frame': (_client, session) => clientProof(session, Buffer.alloc(0)),
    'two frames': (_client, session, frame) => clientProof(session, Buffer.concat([frame, frame])),
    'a cut frame': (_client, session, frame) => clientProof(session, frame.subarray(0, -1)),
    noise: (_client, session, frame) => clientProof(session, Buffer.concat([Buffer.from('x'), frame])),
    'a byte': () => Buffer.of(1),
    'a length past the end': (_client, session, frame) => {
      const proof = clientProof(session, frame)
      proof.writeUInt16BE(0xffff, 32)
      return proof
    },
  }
  for (const [name, make] of Object.entries(ways)) {
    const { client, session } = await atProof(t, server)
    client.sendRecord(client.sealRecord(recordType.finish, make(client, session, client.innerFrame(login))))
    await endsSilently(t, server, client, name)
  }
  const first = await atProof(t, server)
  const proof = clientProof(first.session, first.client.innerFrame(login))
  const record = first.client.sealRecord(recordType.finish, proof)
  const second = await atProof(t, server)
  second.client.sendRecord(record)
  await endsSilently(t, server, second.client, 'the proof of another session')
  const third = await atProof(t, server)
  const { keys } = third.session
  const skipped = new RecordSealer({ suite: 1, sender: 'client', keys })
  skipped.seal(recordType.finish, clientProof(third.session, third.client.innerFrame(login)))
  third.client.sendRecord(skipped.seal(recordType.data, third.client.innerFrame(login)))
  await endsSilently(t, server, third.client, 'a message in the place of the proof')
})

t.test('whatever is no record ends a sealed session without a word', async (t) => {
  const server = await startTestServer(t, { users: ['amy', 'bob'] })
  const bob = await server.client('bob')
  const data = (client: SealedClient): Buffer => client.sealRecord(recordType.data, client.innerFrame(text))
  const changed = (bytes: Buffer, at: number): Buffer => {
    const copy = Buffer.from(bytes)
    copy[at] = (copy[at] as number) ^ 0x10
    return copy
  }
  const ways: { [name: string]: (client: SealedClient) => void } = {
    'a plain frame': (client) => client.sendText(Buffer.from(text)),
    'a changed ciphertext': (client) => client.sendRecord(changed(data(client), 3)),
    'a changed type': (client) => client.sendRecord(changed(data(client), 0)),
    'a changed tag': (client) => {
      const record = data(client)
      client.sendRecord(changed(record, record.length - 1))
    },
    'a record twice': (client) => {
      const record = data(client)
      client.sendRecord(record)
      client.sendRecord(record)
    },
    'records in another order': (client) => {
      const [one, two] = [data(client), data(client)]
      client.sendRecord(two)
      client.sendRecord(one)
    },
    'a record left out': (client) => {
      data(client)
      client.sendRecord(data(client))
    },
    'an empty record': (client) => client.sendRecord(Buffer.alloc(0)),
    'a second proof': (client) => {
      const record = data(client)
      record[0] = recordType.finish
      client.sendRecord(record)
    },
    'half a frame in a record': (client) =>
      client.sendRecord(client.sealRecord(recordType.data, client.innerFrame(text).subarray(0, -2))),
    'noise in a record': (client) =>
      client.sendRecord(
        client.sealRecord(recordType.data, Buffer.concat([client.innerFrame(text), Buffer.from('\u0002x')])),
      ),
    'an oversized record': (client) => {
      const record = client.outer(randomBytes(1_200_000))
      client.sendBytes(record)
    },
    'something after the end': (client) => {
      client.sendRecord(client.sealRecord(recordType.close))
      client.sendRecord(randomBytes(60))
    },
  }
  for (const speech of speeches) {
    for (const [name, send] of Object.entries(ways)) {
      if (name === 'something after the end') continue
      const client = await loginSealed(t, server, 'amy', { speech })
      server.lines.length = 0
      send(client)
      await endsSilently(t, server, client, `${speech}, ${name}`)
    }
  }
  for (const tagBytes of [0, 1, 4, 8, 12, 13, 14, 15]) {
    const client = await loginSealed(t, server, 'amy')
    server.lines.length = 0
    const record = data(client)
    client.sendRecord(record.subarray(0, record.length - 16 + tagBytes))
    await endsSilently(t, server, client, `a tag of ${tagBytes} bytes`)
  }
  const noisy = await loginSealed(t, server, 'amy')
  server.lines.length = 0
  noisy.sendBytes(Buffer.from('noise'))
  await endsSilently(t, server, noisy, 'bytes between records')
  const cut = await loginSealed(t, server, 'amy')
  server.lines.length = 0
  cut.sendBytes(Buffer.from('\u0002QUJD\u0002QUJD\u0003'))
  await endsSilently(t, server, cut, 'a cut frame')
  const spaced = await loginSealed(t, server, 'amy')
  server.lines.length = 0
  spaced.sendBytes(Buffer.concat([Buffer.from('\u0002 '), spaced.outer(data(spaced)).subarray(1)]))
  await endsSilently(t, server, spaced, 'base64 with a space')
  const ending = await loginSealed(t, server, 'amy')
  ways['something after the end']?.(ending)
  await ending.ended()
  // What came before what was wrong had been accepted.
  await bob.take(textFrom('amy'), 'a text')
  t.same(bob.faults, [])
})

t.test('after the offer anything else than the keys ends the handshake without a word', async (t) => {
  const server = await startTestServer(t, { users: ['amy'] })
  const ways: { [name: string]: (client: SealedClient) => void } = {
    'a login': (client) => client.sendText(Buffer.from(bodyOf('AuthRequest', { UserId: 'amy', Password: password }))),
    'a second request for keys': (client) => client.sendText(Buffer.from(bodyOf('PlatformKeyRequest', {}))),
    'no envelope': (client) => client.sendText(Buffer.from('{}')),
    'keys for a user': (client) =>
      client.sendText(Buffer.from(bodyOf('TerminalKeyMessage', { Suite: 1 }, { ToUserId: 'bob' }))),
    'no keys': (client) => client.sendText(Buffer.from(bodyOf('TerminalKeyMessage', {}))),
    'an unknown suite': (client) => client.sendText(Buffer.from(bodyOf('TerminalKeyMessage', { Suite: 9 }))),
    'a suite that is off': (client) => client.sendText(Buffer.from(bodyOf('TerminalKeyMessage', { Suite: 3 }))),
    'an oversized frame': (client) => client.sendText(Buffer.alloc(20_000, 'x')),
  }
  for (const speech of speeches) {
    for (const [name, send] of Object.entries(ways)) {
      const client = await connectSealed(t, server, { speech })
      await client.offer()
      server.lines.length = 0
      send(client)
      await endsSilently(t, server, client, `${speech}, ${name}`)
    }
  }
  const noisy = await connectSealed(t, server)
  await noisy.offer()
  server.lines.length = 0
  noisy.sendBytes(Buffer.from('noise'))
  await endsSilently(t, server, noisy, 'noise')
})

t.test('suites that were lowered on the way, and keys that break the rules', async (t) => {
  const server = await startTestServer(t, { users: ['amy'], settings: { SUITES: '1,2,3' } })
  const lowered = await connectSealed(t, server)
  const offer = await lowered.offer()
  const body = Buffer.from(offer.body).toString('latin1').replace('[1,2,3]', '[3]')
  const pending = lowered.answer({ ...offer, suites: [3], body: Buffer.from(body, 'latin1') }, { suite: 3 })
  lowered.sendText(pending.terminalBody)
  const answer = await lowered.nextUnit('the end of the handshake')
  t.equal(takeFinish(pending, answer), undefined, 'the client that saw another offer finds out')
  lowered.destroy()
  const { n } = clientKey().publicJwk
  const bad = [
    { kty: 'RSA', n, e: 'AQ' },
    { kty: 'RSA', n: n.slice(0, 100), e: 'AQAB' },
    { kty: 'RSA', n: `${n.slice(0, -1)}A`, e: 'AQAB' },
    { kty: 'RSA', n, e: 'AQAB', d: n },
    { kty: 'EC', n, e: 'AQAB' },
  ]
  for (const key of bad) {
    const client = await connectSealed(t, server)
    const frame = client.answer(await client.offer()).terminalBody.toString('latin1')
    const quoted = (value: object): string => JSON.stringify(JSON.stringify(value)).slice(1, -1)
    client.sendText(Buffer.from(frame.replace(quoted(clientKey().publicJwk), quoted(key)), 'latin1'))
    await endsSilently(t, server, client, JSON.stringify(key).slice(0, 60))
  }
})

t.test('failures are counted by their reason', async (t) => {
  const server = await startTestServer(t, { users: ['amy'] })
  const { client, session } = await atProof(t, server)
  const frame = client.innerFrame(bodyOf('AuthRequest', { UserId: 'amy', Password: password }))
  client.sendRecord(client.sealRecord(recordType.finish, clientProof({ ...session, clientKey: newClientKey() }, frame)))
  await client.ended()
  const line = await server.line('connection closed')
  t.match(line.fields, { reason: 'handshake_failed', detail: "the client's signature is wrong" })
})
