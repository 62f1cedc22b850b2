import t from 'tap'
import { connect } from '../../src/client/index.ts'
import { FakeServer } from './fake-server.ts'

t.test('smoke', async (t) => {
  for (const kind of ['tcp', 'webSocket'] as const) {
    const server = await FakeServer[kind]()
    const client = await connect({ url: server.url })
    const login = await client.login({ userId: 'alice', password: 'secret-secret' })
    t.equal(login.userId, 'alice')
    t.same(await client.send('bob', 'hi'), { status: 'sent' })
    await client.close()
    await server.close()
  }
})
