import { Readable } from 'node:stream'
import t from 'tap'
import { readText } from '../../src/cli/stdin-text.ts'

const options = { bytesMax: 8, source: 'the file' }

t.test('text comes whole, wherever its bytes are cut, without a byte order mark', async (t) => {
  const bytes = Buffer.from('\ufeff会a\n')
  const chunks = [...bytes].map((byte) => Buffer.from([byte]))
  t.equal(await readText(Readable.from(chunks), options), '会a\n')
})

t.test('text may have the greatest length and not a byte more', async (t) => {
  t.equal(await readText(Readable.from([Buffer.alloc(8, 'a')]), options), 'aaaaaaaa')
  await t.rejects(readText(Readable.from([Buffer.alloc(9, 'a')]), options), {
    exitCode: 2,
    message: /the file is longer/,
  })
})

t.test('what is not UTF-8 is refused', async (t) => {
  await t.rejects(readText(Readable.from([Buffer.from([0xff])]), options), { exitCode: 2, message: /not UTF-8/ })
})
