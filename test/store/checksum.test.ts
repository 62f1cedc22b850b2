import t from 'tap'
import { crc32, crc32ByTable } from '../../src/store/checksum.ts'

t.test('the check value of the CRC-32 that everyone uses', async (t) => {
  t.equal(crc32('123456789'), 0xcbf4_3926)
  t.equal(crc32ByTable('123456789'), 0xcbf4_3926)
})

t.test('with and without help of Node the same, in one piece or going on', async (t) => {
  const bytes = Buffer.from('ünïcödé, and \u0000 bytes')
  t.equal(crc32ByTable(bytes), crc32(bytes))
  t.equal(crc32ByTable(bytes.subarray(5), crc32ByTable(bytes.subarray(0, 5))), crc32(bytes))
  t.equal(crc32(bytes.subarray(5), crc32(bytes.subarray(0, 5))), crc32(bytes))
  t.equal(crc32('ünïcödé'), crc32(Buffer.from('ünïcödé')))
})
