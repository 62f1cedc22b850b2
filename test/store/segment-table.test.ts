import t from 'tap'
import { openDatabaseFile } from '../../src/store/database-file.ts'
import { SegmentTable } from '../../src/store/segment-table.ts'
import { segmentOf } from './inbox-fixtures.ts'
import { framesOf } from './inbox-model.ts'

const delimiters = { start: 2, end: 3 }
const note = (text: string) => ({ count: 2, note: Buffer.from(text) })

t.test('a segment comes back with frames and notes, and is listed without them', async (t) => {
  const { database } = openDatabaseFile(t.testdir())
  const table = new SegmentTable(database, delimiters)
  const frames = framesOf('ann', { epoch: 1, seq: 1 }, 2)
  const segment = segmentOf(1, 2, { bytes: frames.length, noted: true })
  table.insert('ann', segment, [note('x')], frames)
  t.same(table.readFrames('ann', segment), frames)
  t.strictSame(table.readNotes('ann', segment), [note('x')])
  t.strictSame([...table.list()].flat(), [{ user: 'ann', segment, sound: true }])
  t.equal(table.readFrames('bob', segment), undefined, 'not for anybody else')
  table.remove(segment)
  t.equal(table.readFrames('ann', segment), undefined)
  t.strictSame([...table.list()], [])
  database.close()
})

t.test('frames that were stored with other delimiters come with those of today', async (t) => {
  const { database } = openDatabaseFile(t.testdir())
  const segment = segmentOf(1, 1, { bytes: 3 })
  new SegmentTable(database, delimiters).insert('ann', segment, [], Buffer.from('\u0002a\u0003'))
  const today = new SegmentTable(database, { start: 0x1e, end: 0x1f })
  t.equal(Buffer.from(today.readFrames('ann', segment) ?? []).toString(), '\u001ea\u001f')
  database.close()
})

t.test('a change of any column is found', async (t) => {
  const { database } = openDatabaseFile(t.testdir())
  const table = new SegmentTable(database, delimiters)
  const changes = {
    user_id: `CAST(x'ff' AS TEXT)`,
    epoch: '2',
    first_seq: '2',
    count: '3',
    expires: '5',
    delimiters: '0x0504',
    head_crc: '1',
    frames: `CAST(replace(CAST(frames AS TEXT), 'n', 'm') AS BLOB)`,
    notes: `x'0200000001007a'`,
    crc: '1',
  }
  for (const [column, value] of Object.entries(changes)) {
    const frames = framesOf('ann', { epoch: 1, seq: 1 }, 2)
    const segment = segmentOf(1, 2, { bytes: frames.length, noted: true })
    table.insert('ann', segment, [note('x')], frames)
    database.exec(`UPDATE segments SET ${column} = ${value}`)
    const isListed = [...table.list()].flat().every((listed) => listed.sound)
    const isRead = table.readFrames('ann', segment) !== undefined || table.readNotes('ann', segment).length > 0
    t.notOk(isListed && isRead, column)
    t.notOk(isRead && column !== 'head_crc', column)
    table.remove(segment)
  }
  database.close()
})
