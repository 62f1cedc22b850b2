import { join, resolve } from 'node:path'
import t from 'tap'
import { ControlLines, controlFolder, controlPath, encodeControlLine } from '../../src/server/control-protocol.ts'

const unix = { skip: process.platform === 'win32' }

t.test('the socket is in the data directory', unix, async (t) => {
  t.equal(controlPath('/var/lib/parley'), '/var/lib/parley/control.sock')
  t.equal(controlPath('./data'), resolve('data/control.sock'))
})

t.test('a path too long for a socket is replaced by a short one that is the same every time', unix, async (t) => {
  const fits = `/${'a'.repeat(100 - 1 - '/control.sock'.length)}`
  t.equal(controlPath(fits), join(fits, 'control.sock'))
  const long = controlPath(`${fits}a`)
  t.equal(long, controlPath(`${fits}a/`))
  t.ok(long.startsWith(controlFolder()))
  t.ok(Buffer.byteLength(long) < 100)
  t.not(long, controlPath(`${fits}b`))
  // 34 characters of three bytes are over the limit, too.
  t.ok(controlPath(`/${'数'.repeat(34)}`).startsWith(controlFolder()))
})

t.test('lines come out the same wherever the bytes are cut', async (t) => {
  const expected = [
    { id: 1, give: '会议' },
    { id: 2, give: null },
  ]
  const bytes = Buffer.from(expected.map((reply) => encodeControlLine(reply)).join(''))
  for (let cut = 0; cut <= bytes.length; cut++) {
    const lines = new ControlLines(100)
    const found = [...(lines.push(bytes.subarray(0, cut)) ?? []), ...(lines.push(bytes.subarray(cut)) ?? [])]
    t.same(
      found.map((line) => JSON.parse(line)),
      expected,
      `cut at ${cut}`,
    )
  }
})

t.test('a line may have the greatest length and not a byte more', async (t) => {
  t.same(new ControlLines(4).push(Buffer.from('abcd\nefgh\n')), ['abcd', 'efgh'])
  t.equal(new ControlLines(4).push(Buffer.from('abcde\n')), undefined)
  const lines = new ControlLines(4)
  t.same(lines.push(Buffer.from('abcd')), [])
  t.equal(lines.push(Buffer.from('e')), undefined)
})
