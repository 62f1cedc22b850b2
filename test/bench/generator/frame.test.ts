import t from 'tap'
import {
  END,
  encodeLogin,
  FrameBatch,
  filler,
  fillerAt,
  findCallback,
  findMark,
  type MessageShape,
  readCallback,
  readSender,
  readSequence,
  START,
} from '../../../bench/generator/frame.ts'

const route = { number: 12, fromUserId: 'u1', toUserId: 'u2' }
const shape: MessageShape = { size: 40, from: 'set', callback: false }

interface Envelope {
  readonly ToUserId: string
  readonly FromUserId?: string
  readonly CallbackID?: string
  readonly Content: string
}

function envelopesOf(bytes: Buffer): Envelope[] {
  const bodies = bytes.toString().split('\x03').slice(0, -1)
  return bodies.map((body) => JSON.parse(body.slice(1)) as Envelope)
}

t.test('a batch holds frames with consecutive numbers', async (t) => {
  const bytes = new FrameBatch(route, shape, 3).number(99_998, 3)
  t.equal(bytes[0], START)
  t.equal(bytes.at(-1), END)
  const texts = envelopesOf(bytes).map((envelope) => (JSON.parse(envelope.Content) as { Message: string }).Message)
  t.strictSame(
    texts.map((text) => text.slice(0, 18)),
    ['~00012:0000099998~', '~00012:0000099999~', '~00012:0000100000~'],
  )
  t.ok(texts.every((text) => text.length === 40))
})

t.test('numbers of up to ten digits are written and read back', async (t) => {
  const batch = new FrameBatch(route, { ...shape, callback: true }, 1)
  for (const sequence of [0, 7, 99_999, 100_000, 2 ** 31, 9_999_999_999]) {
    const bytes = batch.number(sequence, 1)
    const mark = findMark(bytes, 0, bytes.length)
    t.equal(readSequence(bytes, mark), sequence)
    t.equal(readSender(bytes, mark), 12)
    t.equal(readCallback(bytes, findCallback(bytes, 0, bytes.length)), sequence)
  }
})

t.test('the sender names itself only when asked to', async (t) => {
  const [named] = envelopesOf(new FrameBatch(route, shape, 1).number(0, 1))
  const [unnamed] = envelopesOf(new FrameBatch(route, { ...shape, from: 'absent' }, 1).number(0, 1))
  t.equal(named?.FromUserId, 'u1')
  t.notOk(unnamed !== undefined && 'FromUserId' in unnamed)
  t.notOk(unnamed !== undefined && 'CallbackID' in unnamed)
})

t.test('the text follows the mark', async (t) => {
  const bytes = new FrameBatch(route, shape, 1).number(5, 1)
  const at = fillerAt(findMark(bytes, 0, bytes.length))
  t.equal(bytes.toString('latin1', at, at + filler(40).length), filler(40))
})

t.test('a frame without a mark, or without a CallbackID, has none', async (t) => {
  const bytes = Buffer.from('\x02{"a":"~ and ~"}\x03')
  t.equal(findMark(bytes, 0, bytes.length), -1)
  t.equal(findCallback(bytes, 0, bytes.length), -1)
  t.ok(Number.isNaN(readSequence(bytes, 0)))
})

t.test('a login sends the token when there is one, else the password', async (t) => {
  const [byPassword] = envelopesOf(encodeLogin({ userId: 'u1', password: 'p' }))
  const [byToken] = envelopesOf(encodeLogin({ userId: 'u1', password: 'p', token: 't' }))
  t.match(JSON.parse(byPassword?.Content ?? ''), { UserId: 'u1', Password: 'p' })
  t.equal((JSON.parse(byToken?.Content ?? '') as { Password?: string }).Password, undefined)
  t.match(JSON.parse(byToken?.Content ?? ''), { UserId: 'u1', Token: 't' })
})
