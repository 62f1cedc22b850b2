import t from 'tap'
import { Handling } from '../../src/client/handling.ts'

function make(): { handling: Handling; ends: boolean[] } {
  const ends: boolean[] = []
  return { handling: new Handling((isHandled) => ends.push(isHandled)), ends }
}

t.test('a message is handled when everybody is done with it, and one of them has handled it', async (t) => {
  const { handling, ends } = make()
  handling.hold()
  handling.release(true)
  t.same(ends, [])
  handling.release(false)
  t.same(ends, [true])
  handling.release(false)
  t.same(ends, [true], 'told once')
})

t.test('what nobody has handled is told so', async (t) => {
  const { handling, ends } = make()
  handling.release(false)
  t.same(ends, [false])
})
