/** Sealed clients of a test's server. */
import type { HandshakeOptions } from './sealed-client.ts'
import { SealedClient, type SealedOptions } from './sealed-client.ts'
import { password, type Test, type TestServer } from './test-server.ts'

/** A connection; it is cut at the end of the test. */
export async function connectSealed(t: Test, server: TestServer, options: SealedOptions = {}): Promise<SealedClient> {
  const client = await SealedClient.connect({ tcp: server.port(), ws: server.port('ws') }, options)
  t.teardown(() => client.destroy())
  return client
}

/** One with a session. */
export async function loginSealed(
  t: Test,
  server: TestServer,
  user: string,
  options: SealedOptions & HandshakeOptions = {},
): Promise<SealedClient> {
  const client = await connectSealed(t, server, options)
  await client.handshake(options)
  const content = await client.prove(user, { Password: password })
  if (content.Success !== true) throw new Error(`${user} could not log in: ${content.Code}`)
  return client
}
