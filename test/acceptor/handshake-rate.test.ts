import t from 'tap'
import { HandshakeRate } from '../../src/acceptor/handshake-rate.ts'

t.test('an address has two seconds saved up, then its rate', async (t) => {
  const rate = new HandshakeRate(2)
  const taken = (at: number): number => {
    let count = 0
    while (rate.take('192.0.2.1', at)) count++
    return count
  }
  t.equal(taken(0), 4)
  t.equal(taken(1000), 2)
  t.ok(rate.take('192.0.2.2', 1000), 'others are not concerned')
})

t.test('this machine is not counted, and 0 is no limit', async (t) => {
  const rate = new HandshakeRate(1)
  for (let count = 0; count < 10; count++) {
    t.ok(rate.take('127.0.0.1', 0))
    t.ok(rate.take('0:0:0:0::/64', 0))
    t.ok(new HandshakeRate(0).take('192.0.2.1', 0))
  }
  t.equal(rate.addresses(), 0)
})

t.test('addresses that have been quiet are forgotten', async (t) => {
  const rate = new HandshakeRate(1)
  rate.take('192.0.2.1', 0)
  rate.take('192.0.2.2', 1500)
  rate.forget(2500)
  t.equal(rate.addresses(), 1)
})
