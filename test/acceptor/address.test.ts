import t from 'tap'
import { addressKey } from '../../src/acceptor/address.ts'

t.test('an IPv4 address counts as it is, also when it comes as IPv6', (t) => {
  t.equal(addressKey('192.0.2.7'), '192.0.2.7')
  t.equal(addressKey('::ffff:192.0.2.7'), '192.0.2.7')
  t.end()
})

t.test('an IPv6 address counts by its first 64 bits, however it is written', (t) => {
  const key = '2001:db8:0:1::/64'
  for (const address of [
    '2001:db8:0:1::1',
    '2001:db8:0:1:ffff:ffff:ffff:ffff',
    '2001:0DB8:0000:0001::',
    '2001:db8:0:1::9%eth0',
  ]) {
    t.equal(addressKey(address), key, address)
  }
  t.not(addressKey('2001:db8:0:2::1'), key)
  t.equal(addressKey('::1'), '0:0:0:0::/64')
  t.equal(addressKey('fe80::1%2'), 'fe80:0:0:0::/64')
  t.equal(addressKey('1:2:3:4:5:6:7:8'), '1:2:3:4::/64')
  t.equal(addressKey('1:2:3:4:5:6:7::'), '1:2:3:4::/64')
  t.end()
})

t.test('an address that is not known is a key too', (t) => {
  t.equal(addressKey(''), '')
  t.end()
})
