import t from 'tap'
import { createPastState } from '../../src/router/past-state.ts'

t.test('nothing is under way at the beginning', async (t) => {
  const options = { isOn: true, pageBytesMax: 1, requestsMax: 1, toldReadMax: 1 }
  t.same(createPastState(options), { options, underWay: new Map(), toldRead: new Map() })
})
