import t from 'tap'
import { makeSealing } from '../../src/client/make-sealing.ts'
import { readOptions } from '../../src/client/options.ts'

const options = readOptions({})

t.test('in Node it loads what seals, and makes the key of the process', async (t) => {
  const { sealing } = await makeSealing(options, {})
  t.match((await sealing.key).thumbprint, /^[\w-]{43}$/)
})

t.test('in a page it says so', async (t) => {
  const versions = Object.getOwnPropertyDescriptor(process, 'versions')
  Object.defineProperty(process, 'versions', { value: {}, configurable: true })
  try {
    await t.rejects(makeSealing(options, {}), { code: 'sealing_unavailable' })
  } finally {
    if (versions !== undefined) Object.defineProperty(process, 'versions', versions)
  }
})
