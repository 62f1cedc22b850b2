import { createServer, type Server, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { connectControl } from '../../src/cli/control-client.ts'
import { claimControlPath } from '../../src/server/control-path.ts'
import { controlPath } from '../../src/server/control-protocol.ts'
import { shortFolder } from './short-folder.ts'

/** A server that answers what it is told to. */
async function serve(t: Test, dataDir: string, answer: (line: string, socket: Socket) => void): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (chunk) => answer(chunk.toString(), socket))
  })
  t.teardown(() => server.close())
  await claimControlPath(server, controlPath(dataDir))
  return server
}

async function client(t: Test, answer: (line: string, socket: Socket) => void) {
  const dataDir = shortFolder(t)
  await serve(t, dataDir, answer)
  const found = await connectControl(dataDir)
  if (found === undefined) throw new Error('not connected')
  t.teardown(() => found.close())
  return found
}

t.test('without a server there is no client', async (t) => {
  t.equal(await connectControl(shortFolder(t)), undefined)
})

t.test('a call gives what the reply gives, and undefined for null', async (t) => {
  const asked: string[] = []
  const control = await client(t, (line, socket) => {
    asked.push(line)
    const { id, call } = JSON.parse(line)
    socket.write(`${JSON.stringify({ id, give: call === 'findAccount' ? null : { receivers: 4 } })}\n`)
  })
  t.same(await control.call('broadcast', { message: 'a\nb' }), { receivers: 4 })
  t.equal(await control.call('findAccount', { userId: 'bob' }), undefined)
  t.equal(asked[0], '{"id":1,"call":"broadcast","take":{"message":"a\\nb"}}\n')
})

t.test('an error keeps its code', async (t) => {
  const control = await client(t, (_line, socket) => {
    socket.write('{"id":1,"error":{"code":"user_unknown","message":"No such user."}}\n')
  })
  await t.rejects(control.call('kick', { userId: 'bob' }), { code: 'user_unknown', message: 'No such user.' })
})

t.test('a server that goes away, or answers what cannot be read, is no answer', async (t) => {
  for (const answer of ['', 'nonsense\n', '{"id":9,"give":1}\n', '{"id":1,"error":"x"}\n']) {
    const control = await client(t, (_line, socket) => socket.end(answer))
    await t.rejects(control.call('status', {}), { code: 'no_answer' }, JSON.stringify(answer))
    await t.rejects(control.call('status', {}), { code: 'no_answer' }, 'and stays so')
  }
})
