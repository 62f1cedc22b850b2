/** Bytes in, frames out; then the same bytes cut anywhere. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import t from 'tap'
import { DelimitedSplitter, type FrameSink } from '../../src/protocol/delimited-splitter.ts'
import { type Delimiters, defaultDelimiters } from '../../src/protocol/delimiters.ts'

/** What a splitter says, one word each: `frame:6869`, `truncated:3`, `tooLarge`. Noise is summed up apart. */
interface Heard {
  readonly events: string[]
  noiseBytes: number
}

function listen(
  heard: Heard,
  delimiters: Delimiters = defaultDelimiters,
  goOn: (frames: number) => boolean = () => true,
): FrameSink {
  let frames = 0
  return {
    frame: (bytes, start, end) => {
      if (bytes[start - 1] !== delimiters.start || bytes[end] !== delimiters.end) heard.events.push('bad delimiters')
      heard.events.push(`frame:${bytes.toString('hex', start, end)}`)
      return goOn(++frames)
    },
    noise: (byteCount) => {
      heard.noiseBytes += byteCount
    },
    truncated: (byteCount) => heard.events.push(`truncated:${byteCount}`),
    tooLarge: () => heard.events.push('tooLarge'),
  }
}

interface Options {
  readonly bodyBytesMax?: number
  readonly delimiters?: Delimiters
}

function split(chunks: readonly Buffer[], options: Options = {}): Heard {
  const { bodyBytesMax = 64, delimiters = defaultDelimiters } = options
  const heard: Heard = { events: [], noiseBytes: 0 }
  const splitter = new DelimitedSplitter(delimiters, bodyBytesMax)
  const sink = listen(heard, delimiters)
  for (const chunk of chunks) {
    // Chunks of a socket lie in memory that is used again: what a splitter keeps must be a copy.
    const memory = Buffer.from(chunk)
    if (splitter.push(memory, sink) !== memory.length) heard.events.push('not all consumed')
    memory.fill(0x02)
  }
  return heard
}

/** The same rules, one byte after the other, on whole arrays. */
function reference(bytes: Buffer, options: Options = {}): Heard {
  const { bodyBytesMax = 64, delimiters = defaultDelimiters } = options
  const heard: Heard = { events: [], noiseBytes: 0 }
  let body: number[] | undefined
  let isTooLarge = false
  for (const byte of bytes) {
    if (byte === delimiters.start) {
      if (body !== undefined && !isTooLarge) heard.events.push(`truncated:${body.length + 1}`)
      body = []
      isTooLarge = false
    } else if (body === undefined) {
      heard.noiseBytes++
    } else if (byte === delimiters.end) {
      if (!isTooLarge) heard.events.push(`frame:${Buffer.from(body).toString('hex')}`)
      body = undefined
    } else {
      body.push(byte)
      if (body.length > bodyBytesMax && !isTooLarge) {
        isTooLarge = true
        heard.events.push('tooLarge')
      }
    }
  }
  return heard
}

function cutEverywhere(bytes: Buffer): Buffer[][] {
  const cuts = Array.from({ length: bytes.length + 1 }, (_, at) => [bytes.subarray(0, at), bytes.subarray(at)])
  return [[bytes], ...cuts, bytesOf(bytes)]
}

function bytesOf(bytes: Buffer): Buffer[] {
  return Array.from(bytes, (byte) => Buffer.of(byte))
}

const cases: readonly {
  readonly name: string
  readonly hex: string
  readonly events: readonly string[]
  readonly noiseBytes?: number
  readonly options?: Options
}[] = [
  { name: 'nothing', hex: '', events: [] },
  { name: 'one frame', hex: '02 6869 03', events: ['frame:6869'] },
  { name: 'an empty frame', hex: '02 03', events: ['frame:'] },
  { name: 'two frames in a row', hex: '02 61 03 02 62 03', events: ['frame:61', 'frame:62'] },
  {
    name: 'noise before, between and after',
    hex: '0d0a 02 61 03 0d0a 02 62 03 0a',
    events: ['frame:61', 'frame:62'],
    noiseBytes: 5,
  },
  { name: 'only noise', hex: '47 45 54 20', events: [], noiseBytes: 4 },
  { name: 'END without START is noise', hex: '03 03 02 61 03 03', events: ['frame:61'], noiseBytes: 3 },
  { name: 'START inside a frame begins a new one', hex: '02 6162 02 63 03', events: ['truncated:3', 'frame:63'] },
  { name: 'START START START', hex: '02 02 02 61 03', events: ['truncated:1', 'truncated:1', 'frame:61'] },
  { name: 'only STARTs', hex: '02 02 02', events: ['truncated:1', 'truncated:1'] },
  { name: 'a frame that never ends', hex: '02 61 03 02 62', events: ['frame:61'] },
  { name: 'a body at the limit', hex: '02 616263 03', events: ['frame:616263'], options: { bodyBytesMax: 3 } },
  {
    name: 'a body one over the limit',
    hex: '02 61626364 03 02 65 03',
    events: ['tooLarge', 'frame:65'],
    options: { bodyBytesMax: 3 },
  },
  {
    name: 'a body far over the limit',
    hex: `02 ${'61'.repeat(50)} 03 02 65 03`,
    events: ['tooLarge', 'frame:65'],
    options: { bodyBytesMax: 3 },
  },
  {
    name: 'START inside an oversized body',
    hex: '02 6162636465 02 66 03',
    events: ['tooLarge', 'frame:66'],
    options: { bodyBytesMax: 3 },
  },
  {
    name: 'START at the limit',
    hex: '02 616263 02 66 03',
    events: ['truncated:4', 'frame:66'],
    options: { bodyBytesMax: 3 },
  },
  {
    name: 'oversized twice',
    hex: '02 61626364 03 02 61626364 03',
    events: ['tooLarge', 'tooLarge'],
    options: { bodyBytesMax: 3 },
  },
  {
    name: 'limit 0',
    hex: '02 03 02 61 03 02 03',
    events: ['frame:', 'tooLarge', 'frame:'],
    options: { bodyBytesMax: 0 },
  },
  {
    name: 'delimiters 0xfe and 0xff',
    hex: 'ff 02 fe 0203 ff fe 61 fe 62 ff',
    events: ['frame:0203', 'truncated:2', 'frame:62'],
    noiseBytes: 2,
    options: { delimiters: { start: 0xfe, end: 0xff } },
  },
  {
    name: 'delimiters 0x00 and 0x01',
    hex: '02 00 02 01 03 01',
    events: ['frame:02'],
    noiseBytes: 3,
    options: { delimiters: { start: 0x00, end: 0x01 } },
  },
]

for (const { name, hex, events, noiseBytes = 0, options } of cases) {
  t.test(`${name}, cut at every byte`, async (t) => {
    const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex')
    for (const chunks of cutEverywhere(bytes)) {
      t.strictSame(split(chunks, options), { events, noiseBytes }, `chunks of ${chunks.map((chunk) => chunk.length)}`)
    }
  })
}

t.test('random bytes in random chunks: what the rules say, byte for byte', async () => {
  // Few values, so that delimiters are frequent.
  const byte = fc.oneof(fc.constant(0x02), fc.constant(0x03), fc.integer({ min: 0, max: 255 }))
  fc.assert(
    fc.property(
      fc.array(
        fc.uint8Array({ maxLength: 40 }).chain(() => fc.array(byte, { maxLength: 40 })),
        { maxLength: 12 },
      ),
      fc.integer({ min: 0, max: 12 }),
      (chunks, bodyBytesMax) => {
        const buffers = chunks.map((chunk) => Buffer.from(chunk))
        const heard = split(buffers, { bodyBytesMax })
        const expected = reference(Buffer.concat(buffers), { bodyBytesMax })
        if (JSON.stringify(heard) !== JSON.stringify(expected)) {
          throw new Error(`${JSON.stringify(heard)} is not ${JSON.stringify(expected)}`)
        }
      },
    ),
    { numRuns: 3000 },
  )
})

t.test('a sink that says stop gets the rest of the chunk later, whichever frame it stops at', async (t) => {
  const bytes = Buffer.from('0a02610303026202630302020366026767676703', 'hex')
  const whole = split([bytes], { bodyBytesMax: 3 })
  for (let stopAt = 1; stopAt <= 4; stopAt++) {
    for (let cut = 0; cut <= bytes.length; cut++) {
      const heard: Heard = { events: [], noiseBytes: 0 }
      const splitter = new DelimitedSplitter(defaultDelimiters, 3)
      const sink = listen(heard, defaultDelimiters, (frames) => frames !== stopAt)
      let stops = 0
      for (const chunk of [bytes.subarray(0, cut), bytes.subarray(cut)]) {
        let rest = chunk
        while (rest.length > 0) {
          const consumed = splitter.push(rest, sink)
          if (consumed < rest.length) stops++
          if (consumed === 0) throw new Error('nothing was consumed')
          rest = rest.subarray(consumed)
        }
      }
      t.strictSame(heard, whole, `stop at frame ${stopAt}, cut at ${cut}`)
      t.ok(stops <= 1)
    }
  }
})

t.test('a sink that stops after every frame gets each one', async () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(0x02, 0x03, 0x61), { maxLength: 60 }), (values) => {
      const bytes = Buffer.from(values)
      const heard: Heard = { events: [], noiseBytes: 0 }
      const splitter = new DelimitedSplitter(defaultDelimiters, 4)
      const sink = listen(heard, defaultDelimiters, () => false)
      for (let at = 0; at < bytes.length; ) at += splitter.push(bytes.subarray(at), sink)
      return JSON.stringify(heard) === JSON.stringify(reference(bytes, { bodyBytesMax: 4 }))
    }),
    { numRuns: 2000 },
  )
})

t.test('a limit raised within a body counts for that body', async (t) => {
  const heard: Heard = { events: [], noiseBytes: 0 }
  const splitter = new DelimitedSplitter(defaultDelimiters, 2)
  const sink = listen(heard)
  splitter.push(Buffer.from('026162', 'hex'), sink)
  splitter.bodyBytesMax = 4
  splitter.push(Buffer.from('636403026162636465', 'hex'), sink)
  splitter.bodyBytesMax = 100
  splitter.push(Buffer.from('6603', 'hex'), sink)
  t.strictSame(heard.events, ['frame:61626364', 'tooLarge'], 'a body that was given up stays given up')
})

t.test('says whether a frame has begun', async (t) => {
  const splitter = new DelimitedSplitter(defaultDelimiters, 2)
  const sink = listen({ events: [], noiseBytes: 0 })
  const after = (hex: string): boolean => {
    splitter.push(Buffer.from(hex, 'hex'), sink)
    return splitter.isInFrame()
  }
  t.equal(splitter.isInFrame(), false)
  t.equal(after('61'), false)
  t.equal(after('02'), true)
  t.equal(after('61626364'), true, 'also in one that is too large')
  t.equal(after('03'), false)
})

t.test('a connection that waits holds no more than a body', async (t) => {
  // Enough splitters that a buffer kept for each would show.
  const count = 64
  const before = process.memoryUsage().arrayBuffers
  const sink = listen({ events: [], noiseBytes: 0 })
  const splitters = Array.from({ length: count }, () => {
    const splitter = new DelimitedSplitter(defaultDelimiters, 2 ** 20)
    splitter.push(Buffer.concat([Buffer.of(2), Buffer.alloc(2 ** 17, 0x61)]), sink)
    splitter.push(Buffer.of(2, 0x61), sink)
    return splitter
  })
  collectGarbage()
  const grown = process.memoryUsage().arrayBuffers - before
  t.equal(splitters.length, count)
  t.ok(grown < count * 4096, `${grown} bytes for ${count} splitters`)
})

function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
}

/** CPU milliseconds of this process that a function takes. */
function cpuMs(run: () => void): number {
  const before = process.cpuUsage()
  run()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

function countingSink(): FrameSink & { frames: number; events: number } {
  const sink = {
    frames: 0,
    events: 0,
    frame: () => {
      sink.frames++
      return true
    },
    noise: () => {
      sink.events++
    },
    truncated: () => {
      sink.events++
    },
    tooLarge: () => {
      sink.events++
    },
  }
  return sink
}

t.test('256 KiB of one frame, byte by byte, cost under 100 ms', async (t) => {
  const bytes = Buffer.alloc(2 ** 18, 0x61)
  bytes[0] = 0x02
  bytes[bytes.length - 1] = 0x03
  const chunks = bytesOf(bytes)
  const sink = countingSink()
  const splitter = new DelimitedSplitter(defaultDelimiters, 2 ** 20)
  const ms = cpuMs(() => {
    for (const chunk of chunks) splitter.push(chunk, sink)
  })
  t.equal(sink.frames, 1)
  t.ok(ms < 100, `${ms.toFixed(1)} ms`)
  t.comment(`256 KiB in 1-byte chunks: ${ms.toFixed(1)} ms of CPU`)
})

t.test('hostile megabytes cost time in proportion to their length', async (t) => {
  const patterns: Record<string, string> = {
    'only STARTs': '02',
    'only ENDs': '03',
    'START END': '0203',
    'START, much text': `02${'61'.repeat(500)}`,
    'END, much text': `03${'61'.repeat(500)}`,
    'START START END': '020203',
    'START END END': '020303',
  }
  for (const [name, hex] of Object.entries(patterns)) {
    for (const stops of [false, true]) {
      const pattern = Buffer.from(hex, 'hex')
      const bytes = Buffer.alloc(2 ** 20, pattern)
      const sink = countingSink()
      const splitter = new DelimitedSplitter(defaultDelimiters, 2 ** 20)
      const stopping: FrameSink = { ...sink, frame: () => !stops }
      const ms = cpuMs(() => {
        for (let at = 0; at < bytes.length; ) at += splitter.push(bytes.subarray(at), stopping)
      })
      // A quadratic way would take minutes.
      t.ok(ms < 2000, `${name}${stops ? ', stopping at each frame' : ''}: ${ms.toFixed(0)} ms`)
    }
  }
  const oversized = new DelimitedSplitter(defaultDelimiters, 10)
  const long = Buffer.alloc(2 ** 20, 0x61)
  long[0] = 0x02
  t.ok(cpuMs(() => oversized.push(long, countingSink())) < 100, 'an oversized body is passed over natively')
})

t.test('a stretch of noise is new once, wherever it is cut', async (t) => {
  const bytes = Buffer.from('GET /\u0002{}\u0003\r\n\u0002{}\u0003x', 'latin1')
  for (let cut = 0; cut <= bytes.length; cut++) {
    let stretches = 0
    const splitter = new DelimitedSplitter(defaultDelimiters, 100)
    const sink = {
      frame: () => true,
      noise: (_byteCount: number, isNew: boolean) => {
        if (isNew) stretches++
      },
      truncated: () => t.fail('nothing is cut short'),
      tooLarge: () => t.fail('nothing is too large'),
    }
    splitter.push(bytes.subarray(0, cut), sink)
    splitter.push(bytes.subarray(cut), sink)
    t.equal(stretches, 3, `cut at ${cut}`)
  }
})
