import t from 'tap'
import { displayWidth, formatTable } from '../../src/cli/table.ts'

t.test('a Chinese character is two columns wide, an accent none', async (t) => {
  t.equal(displayWidth('abc'), 3)
  t.equal(displayWidth('张伟'), 4)
  t.equal(displayWidth('e\u0301'), 1)
  t.equal(displayWidth('😀'), 2)
})

t.test('columns line up', async (t) => {
  t.same(
    formatTable(
      ['NAME', 'ROLE'],
      [
        ['张伟', 'user'],
        ['al', 'operator'],
        ['x', ''],
      ],
    ),
    ['NAME  ROLE', '张伟  user', 'al    operator', 'x'],
  )
})
