import t from 'tap'
import { Listeners } from '../../src/client/listeners.ts'

t.test('handlers are called in order until they are taken off', async (t) => {
  const listeners = new Listeners(() => t.fail('nothing throws'))
  const log: string[] = []
  const stop = listeners.add('x', () => void log.push('first'))
  listeners.add('x', (value: string) => void log.push(value))
  listeners.emit('x', 'one')
  stop()
  stop()
  listeners.emit('x', 'two')
  listeners.emit('__proto__', 'three')
  t.same(log, ['first', 'one', 'two'])
  t.ok(listeners.has('x'))
  t.notOk(listeners.has('constructor'))
})

t.test('a handler that takes itself or another off does not disturb the call', async (t) => {
  const listeners = new Listeners(() => {})
  const log: string[] = []
  const stop = listeners.add('x', () => {
    log.push('a')
    stop()
  })
  listeners.add('x', () => void log.push('b'))
  listeners.emit('x')
  listeners.emit('x')
  t.same(log, ['a', 'b', 'b'])
})

t.test('what a handler throws or rejects with is told with the name', async (t) => {
  const told: string[] = []
  const listeners = new Listeners((error, name) => void told.push(`${name}: ${error}`))
  listeners.add('x', () => {
    throw 'thrown'
  })
  listeners.add('x', () => Promise.reject('rejected'))
  listeners.add('x', () => void told.push('still called'))
  listeners.emit('x')
  await new Promise((resolve) => setImmediate(resolve))
  t.same(told, ['x: thrown', 'still called', 'x: rejected'])
})
