import t from 'tap'
import { LengthSplitter } from '../../src/protocol/length-splitter.ts'

function frame(text: string): Buffer {
  const body = Buffer.from(text)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(body.length)
  return Buffer.concat([length, body])
}

function gather(chunks: Buffer[], bodyBytesMax: number): string[] {
  const out: string[] = []
  const splitter = new LengthSplitter(bodyBytesMax)
  const sink = {
    body: (bytes: Buffer) => {
      out.push(bytes.toString())
      return true
    },
    tooLarge: () => {
      out.push('<too large>')
    },
  }
  for (const chunk of chunks) t.equal(splitter.push(chunk, sink), chunk.length)
  return out
}

const stream = Buffer.concat([
  frame('one'),
  frame(''),
  frame('a body that is too long'),
  frame('x'.repeat(16)),
  frame('end'),
])
const expected = ['one', '', '<too large>', 'x'.repeat(16), 'end']

t.test('bodies come out whole, and one over the limit is skipped', async (t) => {
  t.same(gather([stream], 16), expected)
})

t.test('the same stream cut at every byte gives the same bodies', async (t) => {
  for (let cut = 0; cut <= stream.length; cut++) {
    t.same(gather([stream.subarray(0, cut), stream.subarray(cut)], 16), expected, `cut at ${cut}`)
  }
  t.same(
    gather(
      [...stream].map((byte) => Buffer.of(byte)),
      16,
    ),
    expected,
    'byte by byte',
  )
})

t.test('a sink that says stop gets the rest later', async (t) => {
  const splitter = new LengthSplitter(100)
  const out: string[] = []
  const sink = {
    body: (bytes: Buffer) => {
      out.push(bytes.toString())
      return false
    },
    tooLarge: () => t.fail('nothing is too large'),
  }
  let rest = stream
  let calls = 0
  while (rest.length > 0) {
    rest = rest.subarray(splitter.push(rest, sink))
    calls++
  }
  t.same(out, ['one', '', 'a body that is too long', 'x'.repeat(16), 'end'])
  t.equal(calls, 5)
})

t.test('256 KiB in chunks of one byte cost little', async (t) => {
  const large = frame('y'.repeat(262_144))
  const splitter = new LengthSplitter(1_048_576)
  let bodies = 0
  const before = process.cpuUsage()
  for (let at = 0; at < large.length; at++) {
    splitter.push(large.subarray(at, at + 1), {
      body: () => {
        bodies++
        return true
      },
      tooLarge: () => t.fail('nothing is too large'),
    })
  }
  t.equal(bodies, 1)
  t.comment(`${process.cpuUsage(before).user / 1000} ms of CPU`)
})
