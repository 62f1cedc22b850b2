import t from 'tap'
import { Admission } from '../../src/acceptor/admission.ts'

t.test('connections come in up to the limit, and one that leaves makes room', (t) => {
  const admission = new Admission({ connectionsMax: 2, addressConnectionsMax: 2 })
  t.ok(admission.enter('192.0.2.1'))
  t.ok(admission.enter('192.0.2.2'))
  t.notOk(admission.enter('192.0.2.3'))
  t.equal(admission.connections(), 2)
  admission.leave('192.0.2.1')
  t.ok(admission.enter('192.0.2.3'))
  t.end()
})

t.test('one address has a limit of its own, and a refusal counts nothing', (t) => {
  const admission = new Admission({ connectionsMax: 10, addressConnectionsMax: 1 })
  t.ok(admission.enter('192.0.2.1'))
  t.notOk(admission.enter('192.0.2.1'))
  t.ok(admission.enter('192.0.2.2'))
  t.equal(admission.connections(), 2)
  admission.leave('192.0.2.1')
  t.ok(admission.enter('192.0.2.1'))
  t.end()
})

t.test('this machine is not one peer: only the limit on all counts', (t) => {
  const admission = new Admission({ connectionsMax: 3, addressConnectionsMax: 1 })
  t.ok(admission.enter('127.0.0.1'))
  t.ok(admission.enter('127.0.0.1'))
  t.ok(admission.enter('0:0:0:0::/64'))
  t.notOk(admission.enter('127.0.0.1'))
  t.end()
})
