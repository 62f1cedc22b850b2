import t from 'tap'
import { checkPin } from '../../src/security/pin.ts'

const offer = { identityThumbprint: 'today', olderIdentities: ['yesterday', 'the day before'] }

t.test('a pin accepts the same identity, and one that it signed its way to', async (t) => {
  t.equal(checkPin('today', offer), 'same')
  t.equal(checkPin('yesterday', offer), 'rotated')
  t.equal(checkPin('the day before', offer), 'rotated')
})

t.test('any other identity is a change, and the first one is unknown', async (t) => {
  t.equal(checkPin('another', offer), 'changed')
  t.equal(checkPin('', offer), 'changed')
  t.equal(checkPin('today', { identityThumbprint: 'tomorrow', olderIdentities: [] }), 'changed')
  t.equal(checkPin(undefined, offer), 'unknown')
})
