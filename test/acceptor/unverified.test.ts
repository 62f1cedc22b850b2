import t from 'tap'
import { Unverified } from '../../src/acceptor/unverified.ts'

t.test('what follows a piece with signatures waits with it, and goes with it', async (t) => {
  const unverified = new Unverified()
  unverified.followed(1000)
  t.equal(unverified.bytes(), 0, 'nothing is before it')
  unverified.began(10)
  unverified.followed(5)
  unverified.began(20)
  unverified.followed(7)
  unverified.began(30)
  t.equal(unverified.bytes(), 72)
  unverified.decided(1)
  t.equal(unverified.bytes(), 57)
  unverified.decided(2)
  t.equal(unverified.bytes(), 0)
  unverified.followed(5)
  t.equal(unverified.bytes(), 0)
  unverified.began(3)
  unverified.decided(9)
  t.equal(unverified.bytes(), 0)
})
