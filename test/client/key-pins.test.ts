import t from 'tap'
import { MemoryKeyPins } from '../../src/client/key-pins.ts'

t.test('pins are remembered and forgotten by user', async (t) => {
  const pins = new MemoryKeyPins()
  pins.save('bob', { length: 1, head: 'h' })
  t.strictSame(pins.find('bob'), { length: 1, head: 'h' })
  t.equal(pins.find('__proto__'), undefined)
  pins.save('bob', undefined)
  t.equal(pins.find('bob'), undefined)
})
