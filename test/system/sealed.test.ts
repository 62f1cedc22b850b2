import t from 'tap'
import { SealedClient, type SealedOptions } from './support/sealed-client.ts'
import { password, startTestServer, type Test, type TestServer } from './support/test-server.ts'
import { textFrom } from './support/wire-client.ts'

async function sealed(t: Test, server: TestServer, options: SealedOptions = {}): Promise<SealedClient> {
  const client = await SealedClient.connect({ tcp: server.port(), ws: server.port('ws') }, options)
  t.teardown(() => client.destroy())
  return client
}

async function loggedIn(t: Test, server: TestServer, user: string, options: SealedOptions = {}): Promise<SealedClient> {
  const client = await sealed(t, server, options)
  await client.handshake()
  const content = await client.prove(user, { Password: password })
  if (content.Success !== true) throw new Error(`${user} could not log in: ${content.Code}`)
  return client
}

t.test('sealed sessions in every form of the wire talk with one another and with plain ones', async (t) => {
  const server = await startTestServer(t, { users: ['amy', 'bob', 'carol', 'dora', 'eve'] })
  const people = {
    amy: await loggedIn(t, server, 'amy'),
    bob: await loggedIn(t, server, 'bob', { speech: 'compact' }),
    carol: await loggedIn(t, server, 'carol', { speech: 'ws-text' }),
    dora: await loggedIn(t, server, 'dora', { speech: 'ws-binary' }),
    eve: await server.client('eve'),
  }
  for (const from of Object.values(people)) {
    for (const to of Object.values(people)) {
      if (from === to) continue
      const Message = `from ${from.user} to ${to.user}: 汤姆 😀`
      t.match(await from.text(to.user, Message), { Success: true, Data: { Status: 'sent' } })
      t.equal((await to.take(textFrom(from.user), 'the text')).content.Message, Message)
    }
  }
  for (const { faults } of Object.values(people)) t.same(faults, [])
})
