import t from 'tap'
import { userArgument } from '../../src/cli/user-argument.ts'

t.test('a name is brought into the form in which names are compared', async (t) => {
  t.equal(userArgument('e\u0301va'), '\u00e9va')
  t.equal(userArgument('__proto__'), '__proto__')
})

t.test('what is no name is refused with the reason', async (t) => {
  for (const name of ['', 'a b', 'a\x1b[2J', 'x'.repeat(65)])
    t.throws(() => userArgument(name), { message: /UserId/ }, name)
})
